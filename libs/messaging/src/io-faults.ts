import { constants } from 'node:os';

/** Name look-ups fail with codes of their own beside the system's. */
const NAME_LOOKUP = /^(EAI_\w+|ENOTFOUND|ENODATA|ESERVFAIL|EREFUSED|ETIMEOUT|EBADRESP)$/;

/** Certificates, as OpenSSL words it, and the protocols that Node speaks itself. */
const CONNECTION =
  /^(CERT_|CRL_|UNABLE_TO_|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|HOSTNAME_MISMATCH|ERR_TLS_|ERR_SSL_|ERR_HTTP2_|ERR_SOCKET_|ERR_STREAM_(PREMATURE_CLOSE|DESTROYED)|HPE_)/;

/** Codes of undici, and so of `fetch`, that are mistakes of a caller. */
const FETCH = /^UND_ERR_(?!INVALID_|NOT_SUPPORTED|REQ_CONTENT_LENGTH_MISMATCH)/;
const FETCH_MESSAGES = new Set(['fetch failed', 'terminated']);

const BROKEN_OFF = new Set(['AbortError', 'TimeoutError']);

/** The only status of gRPC that is about the request itself. */
const GRPC_INVALID_ARGUMENT = 3;

/** Serialisation failure, deadlock, lock not available in time. */
const SQL_LOST_RACE = new Set(['40001', '40P01', '55P03']);

/**
 * SQLSTATE classes that no event is to blame for: connections, roles and databases and tables that are not there
 * yet, a transaction that the server ended or that a standby refuses, resources, shutdown and timeouts, the
 * server's configuration and its own faults.
 */
const SQL_OUTAGE = /^(08|25|28|3D|42|53|57|58|F0|XX)[0-9A-Z]{3}$/;

/**
 * What one fault, without those behind it, says about the world outside this process: `retry` for a lost race of
 * transactions, `pause` for anything else that went wrong there, null when it is about neither.
 *
 * It goes by the marks that Node and the platform's clients leave: no client is imported, and any error may be
 * wrapped.
 */
export function fateByIo(fault: object): 'retry' | 'pause' | null {
  const { code, syscall, name, message, details } = fault as Readonly<Record<string, unknown>>;
  if (typeof code === 'string') {
    if (SQL_LOST_RACE.has(code)) return 'retry';
    if (Object.hasOwn(constants.errno, code) || [NAME_LOOKUP, CONNECTION, FETCH, SQL_OUTAGE].some((form) => form.test(code)))
      return 'pause';
  }
  if (typeof syscall === 'string') return 'pause';
  if (typeof name === 'string' && (BROKEN_OFF.has(name) || name.startsWith('KafkaJS'))) return 'pause';
  if (fault instanceof TypeError && FETCH_MESSAGES.has(String(message))) return 'pause';
  const isGrpcStatus = typeof code === 'number' && typeof details === 'string' && 'metadata' in fault;
  return isGrpcStatus && code !== GRPC_INVALID_ARGUMENT ? 'pause' : null;
}
