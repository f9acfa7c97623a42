import { createRequire } from 'node:module';
import kafkajs from 'kafkajs';

/** What kafkajs keeps of an answer that has come in part. */
interface Connection {
  readonly broker: string;
  chunks: Buffer[];
  bytesBuffered: number;
  bytesNeeded: number;
  readonly authHandlers: { onError(): void } | null;
  isConnected(): boolean;
  rejectRequests(fault: Error): void;
  disconnect(): Promise<unknown>;
}

interface ConnectionClass {
  readonly prototype: {
    connect: (this: Connection) => Promise<unknown>;
    processData: ((this: Connection, data: Buffer) => unknown) & { [isPatient]?: true };
  };
}

const isPatient = Symbol('orderstream: survives what is no answer');
const LENGTH_BYTES = 4;

function forget(connection: Connection): void {
  connection.chunks = [];
  connection.bytesBuffered = 0;
  connection.bytesNeeded = LENGTH_BYTES;
}

/**
 * kafkajs 2.2.4 keeps what it has of an answer that broke off, such as when a broker is killed in the middle of
 * one, and takes the next connection's first bytes for the rest. What it then can't read, it throws where nobody
 * can catch it, which ends the process. Here each connection begins anew, and an answer that can't be read ends
 * only its connection.
 */
export function surviveBrokenAnswers(): void {
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/connection') as ConnectionClass;
  const { connect, processData } = prototype;
  if (processData[isPatient] === true) return;
  prototype.connect = function connectAnew(this: Connection): Promise<unknown> {
    if (!this.isConnected()) forget(this);
    return connect.call(this);
  };
  prototype.processData = Object.assign(
    function processOrDisconnect(this: Connection, data: Buffer): unknown {
      try {
        return processData.call(this, data);
      } catch (fault) {
        forget(this);
        this.authHandlers?.onError();
        this.rejectRequests(
          new kafkajs.KafkaJSConnectionError(`what ${this.broker} says is no answer of Kafka: ${(fault as Error).message}`, {
            broker: this.broker,
          }),
        );
        void this.disconnect();
        return undefined;
      }
    },
    { [isPatient]: true as const },
  );
}
