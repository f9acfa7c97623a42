/**
 * Runs `work` while no other process does so under the same folder. A lock whose owner is gone is taken over.
 * @param onWait told once which process is waited for.
 */
export function withLock<T>(folder: string, work: () => Promise<T>, onWait?: (owner: number) => void): Promise<T>;
