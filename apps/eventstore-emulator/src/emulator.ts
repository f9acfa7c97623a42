import { type Listening, serve } from './grpc/server.ts';
import { CommitSignal } from './log/commit-signal.ts';
import { openDatabase } from './log/database.ts';
import { EventLog } from './log/event-log.ts';
import { GroupCommit } from './log/group-commit.ts';
import { RecentIds } from './log/recent-ids.ts';
import type { Options } from './options.ts';
import { Groups } from './persistent/groups.ts';
import { SystemStreams } from './persistent/system-streams.ts';
import { ProjectionStore } from './projections/projection-store.ts';
import { Projections } from './projections/projections.ts';
import { StreamReader } from './streams/stream-reader.ts';
import { StreamWriter } from './streams/stream-writer.ts';

/** Opens the log and serves it. @throws FolderInUse; when the address is taken. */
export async function startEmulator({ host, port, folder, maxAppendSizeBytes, projections: run }: Options): Promise<Listening> {
  const database = openDatabase(folder);
  const log = new EventLog(database);
  const recent = new RecentIds();
  const commits = new CommitSignal();
  const transaction = {
    begin: () => database.exec('BEGIN IMMEDIATE'),
    commit: () => database.exec('COMMIT'),
    rollback: () => {
      // SQLite has done it already when the disk is full.
      if (database.isTransaction) database.exec('ROLLBACK');
      recent.rollback();
      log.reload();
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
  const projections = run === 'none' ? null : new Projections(system, new ProjectionStore(database), commits, run === 'started');
  try {
    groups.start();
    const listening = await serve({ streams, writer, commits, groups, projections, maxAppendSizeBytes }, host, port);
    const close = async (): Promise<void> => {
      await listening.close();
      groups.stop();
      projections?.stop();
      await groupCommit.idle();
      database.close();
    };
    return { port: listening.port, close };
  } catch (cause) {
    groups.stop();
    projections?.stop();
    database.close();
    throw cause;
  }
}
