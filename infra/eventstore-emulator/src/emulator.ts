import { randomUUID } from 'node:crypto';
import { FaultPlan } from './faults/fault-plan.ts';
import { writeSystemEvents } from './fresh-database.ts';
import { type Listening, serve } from './grpc/server.ts';
import { SERVER_VERSION } from './grpc/services.ts';
import { CommitSignal } from './log/commit-signal.ts';
import { openDatabase } from './log/database.ts';
import { EventLog } from './log/event-log.ts';
import { GroupCommit } from './log/group-commit.ts';
import { RecentIds } from './log/recent-ids.ts';
import type { Options } from './options.ts';
import { Groups } from './persistent/groups.ts';
import { ProjectionStore } from './projections/projection-store.ts';
import { Projections } from './projections/projections.ts';
import { Scavenger } from './scavenge/scavenger.ts';
import { accessTo, newUsers } from './security/access.ts';
import { StreamReader } from './streams/stream-reader.ts';
import { StreamWriter } from './streams/stream-writer.ts';
import { SystemStreams } from './streams/system-streams.ts';

export interface Started extends Listening {
  /** Of the authority that was made here, for clients to trust. */
  readonly caFile: string | undefined;
}

/**
 * Opens the log and serves it. `giveUp` is called when a transaction can neither be committed nor rolled back:
 * nobody knows any more what the next answer would rest on, and it must not return. `shutDown` is called when a
 * client asks for the end.
 *
 * @throws OptionsError when the certificate can't be used; FolderInUse; FolderUnusable; when the address is taken.
 */
export async function startEmulator(options: Options, giveUp: (cause: unknown) => never, shutDown: () => void): Promise<Started> {
  const database = openDatabase(options.folder);
  const log = new EventLog(database);
  const recent = new RecentIds();
  const commits = new CommitSignal();
  const transaction = {
    begin: () => database.exec('BEGIN IMMEDIATE'),
    commit: () => database.exec('COMMIT'),
    rollback: () => {
      try {
        // SQLite has done it already when the disk is full.
        if (database.isTransaction) database.exec('ROLLBACK');
        recent.rollback();
        log.reload();
      } catch (cause) {
        giveUp(cause);
      }
    },
  };
  const groupCommit = new GroupCommit(transaction, () => {
    recent.commit();
    commits.notify();
  });
  const streams = new StreamReader(log);
  const writer = new StreamWriter(streams, groupCommit, recent);
  const system = new SystemStreams(streams, writer, groupCommit);
  const groups = new Groups(system, commits);
  const scavenger = new Scavenger(database, system);
  const { projections: run } = options;
  const projections = run === 'none' ? null : new Projections(system, new ProjectionStore(database), commits, run === 'started');
  try {
    if (log.lastPosition === 0n) {
      const users = await newUsers(options.defaultPasswords);
      await groupCommit.run(() => writeSystemEvents(log, randomUUID, Date.now(), users));
    }
    await scavenger.recover();
    const { access, caFile } = await accessTo(options, system);
    groups.start();
    const about = { version: SERVER_VERSION, isSecure: access !== undefined, hasProjections: projections !== null };
    const facts = {
      ...options,
      ...about,
      instanceId: randomUUID(),
      startedAt: new Date(),
      lastPosition: () => log.lastPosition,
      nodePriority: 0,
    };
    const faults = options.faults ? new FaultPlan() : undefined;
    const served = { streams, writer, commits, groups, projections, limits: options, facts, faults, access, scavenger, shutDown };
    const listening = await serve(served, options.host, options.port);
    const close = async (): Promise<void> => {
      await listening.close();
      await scavenger.close();
      groups.stop();
      projections?.stop();
      await groupCommit.idle();
      database.close();
    };
    return { port: listening.port, caFile, close };
  } catch (cause) {
    groups.stop();
    projections?.stop();
    database.close();
    throw cause;
  }
}
