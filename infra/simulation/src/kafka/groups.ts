import { Refusal } from './refusal.ts';

export interface CommittedOffset {
  readonly partition: number;
  readonly offset: string;
  readonly metadata: string;
}

export interface JoinRequest {
  /** Empty for a member that is new. */
  readonly memberId: string;
  readonly sessionTimeout: number;
  readonly rebalanceTimeout: number;
  readonly groupProtocols: readonly { readonly name: string; readonly metadata: Buffer }[];
}

export interface Joined {
  readonly generationId: number;
  readonly memberId: string;
  readonly leaderId: string;
  readonly groupProtocol: string;
  /** For the leader alone, who shares the partitions out. */
  readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[];
}

interface Member {
  readonly request: JoinRequest;
  session: NodeJS.Timeout | undefined;
  /** Set while it waits for the others to join. */
  joining: PromiseWithResolvers<Joined> | null;
  /** Set while it waits for the leader's assignment. */
  syncing: PromiseWithResolvers<Buffer> | null;
}

const UNASSIGNED = Buffer.alloc(0);

/** One consumer group, with eager rebalancing: everybody gives up everything, joins again, and is told his part by the leader. */
export class ConsumerGroup {
  readonly #later: (work: () => void) => void;
  readonly #onCommit: (topic: string, offset: CommittedOffset) => void;
  readonly #members = new Map<string, Member>();
  readonly #committed = new Map<string, CommittedOffset>();
  #generation = 0;
  /** `preparing`: members are given the time to join again; `completing`: the leader has not shared out yet. */
  #status: 'preparing' | 'completing' | 'stable' = 'stable';
  #assignments: ReadonlyMap<string, Buffer> = new Map();
  #rebalance: NodeJS.Timeout | undefined;
  #named = 0;

  constructor(later: (work: () => void) => void, onCommit: (topic: string, offset: CommittedOffset) => void) {
    this.#later = later;
    this.#onCommit = onCommit;
  }

  /** Resolves when every member has joined, or had the time to. */
  join(request: JoinRequest): Promise<Joined> {
    const known = this.#members.get(request.memberId);
    if (request.memberId !== '' && known === undefined) throw new Refusal('UNKNOWN_MEMBER_ID');
    const memberId = known === undefined ? `${Math.random().toString(36).slice(2)}-${this.#named++}` : request.memberId;
    clearTimeout(known?.session);
    known?.syncing?.reject(new Refusal('REBALANCE_IN_PROGRESS'));
    known?.joining?.reject(new Refusal('UNKNOWN_MEMBER_ID'));
    const joining = Promise.withResolvers<Joined>();
    this.#members.set(memberId, { request, session: undefined, joining, syncing: null });
    this.#prepare(request.rebalanceTimeout);
    return joining.promise;
  }

  /** The leader brings the assignments; the others wait for theirs. */
  sync(memberId: string, generation: number, assignments: readonly { readonly memberId: string; readonly memberAssignment: Buffer }[]) {
    const member = this.#check(memberId, generation);
    if (this.#status === 'preparing') throw new Refusal('REBALANCE_IN_PROGRESS');
    this.#renew(memberId, member);
    if (this.#status === 'completing' && memberId === this.#leader) {
      this.#assignments = new Map(assignments.map((each) => [each.memberId, each.memberAssignment]));
      this.#status = 'stable';
      for (const [id, { syncing }] of this.#members) syncing?.resolve(this.#assignments.get(id) ?? UNASSIGNED);
    }
    if (this.#status === 'stable') return this.#assignments.get(memberId) ?? UNASSIGNED;
    member.syncing = Promise.withResolvers();
    return member.syncing.promise;
  }

  heartbeat(memberId: string, generation: number): void {
    this.#renew(memberId, this.#check(memberId, generation));
    if (this.#status === 'preparing') throw new Refusal('REBALANCE_IN_PROGRESS');
  }

  leave(memberId: string): void {
    const member = this.#members.get(memberId);
    if (member === undefined) throw new Refusal('UNKNOWN_MEMBER_ID');
    this.#drop(memberId, member);
  }

  /** Only a member of this generation may commit, also while the next one is being prepared. */
  commit(memberId: string, generation: number, topic: string, offsets: readonly CommittedOffset[]): void {
    this.#check(memberId, generation);
    if (this.#status === 'completing') throw new Refusal('REBALANCE_IN_PROGRESS');
    for (const committed of offsets) {
      this.#committed.set(`${topic} ${committed.partition}`, committed);
      this.#onCommit(topic, committed);
    }
  }

  committed(topic: string, partition: number): CommittedOffset {
    return this.#committed.get(`${topic} ${partition}`) ?? { partition, offset: '-1', metadata: '' };
  }

  get #leader(): string {
    return this.#members.keys().next().value ?? '';
  }

  #check(memberId: string, generation: number): Member {
    const member = this.#members.get(memberId);
    if (member === undefined) throw new Refusal('UNKNOWN_MEMBER_ID');
    if (generation !== this.#generation) throw new Refusal('ILLEGAL_GENERATION', `${generation} in ${this.#generation}`);
    return member;
  }

  #renew(memberId: string, member: Member): void {
    clearTimeout(member.session);
    member.session = setTimeout(() => this.#drop(memberId, member), member.request.sessionTimeout);
  }

  #drop(memberId: string, { session, joining, syncing, request }: Member): void {
    clearTimeout(session);
    joining?.reject(new Refusal('UNKNOWN_MEMBER_ID'));
    syncing?.reject(new Refusal('UNKNOWN_MEMBER_ID'));
    this.#members.delete(memberId);
    if (this.#members.size > 0) this.#prepare(request.rebalanceTimeout);
  }

  #prepare(rebalanceTimeoutMs: number): void {
    if (this.#status !== 'preparing') {
      this.#status = 'preparing';
      this.#rebalance = setTimeout(() => this.#complete(), rebalanceTimeoutMs);
      for (const { syncing } of this.#members.values()) syncing?.reject(new Refusal('REBALANCE_IN_PROGRESS'));
    }
    this.#later(() => {
      if (this.#status === 'preparing' && [...this.#members.values()].every(({ joining }) => joining !== null)) this.#complete();
    });
  }

  /** Whoever has not come is no member any more. */
  #complete(): void {
    clearTimeout(this.#rebalance);
    this.#status = 'completing';
    for (const [memberId, { joining, session }] of this.#members) {
      if (joining !== null) continue;
      clearTimeout(session);
      this.#members.delete(memberId);
    }
    this.#generation += 1;
    const leaderId = this.#leader;
    const members = [...this.#members].map(([memberId, { request }]) => ({
      memberId,
      memberMetadata: request.groupProtocols[0]!.metadata,
    }));
    for (const [memberId, member] of this.#members) {
      this.#renew(memberId, member);
      member.joining!.resolve({
        generationId: this.#generation,
        memberId,
        leaderId,
        groupProtocol: member.request.groupProtocols[0]!.name,
        members: memberId === leaderId ? members : [],
      });
      member.joining = null;
    }
  }
}
