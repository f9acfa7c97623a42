import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { reactions } from '@orderstream/contracts';
import { portsFromEnvironment } from '@orderstream/local-stack/layout';
import { logins, type ServiceName, serviceNames, services, servicesWith } from '@orderstream/services';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

interface ComposeService {
  readonly build?: object;
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly depends_on?: object;
  readonly volumes?: readonly string[];
}

interface Compose {
  readonly 'x-brokers': Readonly<Record<string, string>>;
  readonly services: Readonly<Record<string, ComposeService>>;
}

const root = path.resolve(import.meta.dirname, '../../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const ports = portsFromEnvironment({});

it('The apps are the services that are described', () => {
  const apps = readdirSync(path.join(root, 'apps')).filter((app) => existsSync(path.join(root, 'apps', app, 'package.json')));
  expect(apps.sort()).toEqual(serviceNames.toSorted());
});

it.each(serviceNames)('%s has what it is built from and begins with', (name) => {
  expect(['tsconfig.json', 'src/main.ts'].filter((file) => !existsSync(path.join(root, 'apps', name, file)))).toEqual([]);
});

it('Who reacts to an event is a service that is described, and has a place to remember it in', () => {
  expect(servicesWith('DATABASE_URL')).toEqual(expect.arrayContaining(reactions.map(({ service }) => service)));
});

it('The requests of requests.http go to the ports that are described', () => {
  const addresses = [...read('requests.http').matchAll(/^@(\w+) = (.*)$/gm)].map(([, name, url]) => [name, url]);
  const described = servicesWith('DATABASE_URL').map((name) => [name.replace('-service', ''), `http://127.0.0.1:${ports[name]}`]);
  expect(described).toEqual(expect.arrayContaining(addresses));
  expect(addresses.length).toBeGreaterThan(0);
});

describe('The Dockerfile', () => {
  const [, ...stages] = read('infra/docker/Dockerfile').split(/^FROM /m);
  const images = new Map(stages.map((stage) => [/ AS (\S+)$/m.exec(stage)![1]!, stage]));

  it('has an image of any service, one that keeps files, and the deploy step', () => {
    expect(images.get('service')).toMatch(/^ARG SERVICE\nWORKDIR \/app\/apps\/\$\{SERVICE\}\nCMD \["node", .*"dist\/main.js"\]$/m);
    expect(images.get('service-with-files')).toMatch(/^service AS [^]*^ENV DATA_DIR=\/data\nVOLUME \/data$/m);
    expect(images.get('deploy')).toMatch(/^CMD \["node", "infra\/deploy\/dist\/main.js"\]$/m);
  });

  it('brings the deploy step all that it imports', () => {
    const { dependencies } = JSON.parse(read('infra/deploy/package.json')) as { dependencies: Record<string, string> };
    const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, { resolved?: string; link?: true }> };
    const folders = Object.keys(dependencies).flatMap((name) => {
      const { resolved, link } = packages[`node_modules/${name}`]!;
      return link === true ? [resolved!] : [];
    });
    const copied = [...images.get('runtime')!.matchAll(/^COPY --from=build \/src\/(\S+) \1$/gm)].map(([, folder]) => folder!);
    const needed = [...folders, ...servicesWith('DATABASE_URL').map((name) => `apps/${name}`)];
    expect(needed.filter((folder) => !copied.some((each) => `${folder}/`.startsWith(`${each}/`)))).toEqual([]);
  });
});

describe('docker-compose.yml', () => {
  const compose = parse(read('docker-compose.yml'), { merge: true }) as Compose;
  const brokers = compose['x-brokers'];
  const loginUrls = Object.fromEntries(
    Object.entries(logins).map(([variable, { role, database }]) => [variable, `postgres://${role}:${role}@postgres:5432/${database}`]),
  );
  const serviceUrls = Object.fromEntries(serviceNames.map((name) => [services[name].urlVariable ?? '', `http://${name}:${ports[name]}`]));
  const values: Readonly<Record<string, string>> = { ...brokers, ...loginUrls, ...serviceUrls };
  const built = (target: string, ...names: readonly ServiceName[]): object => ({
    context: '.',
    dockerfile: 'infra/docker/Dockerfile',
    target,
    ...Object.fromEntries(names.map((SERVICE) => ['args', { SERVICE }])),
  });

  function described(name: ServiceName): ComposeService {
    const { variables, keepsFiles } = services[name];
    const own = Object.entries(variables).map(([variable, of]) => [variable, values[of]!]);
    return {
      build: built(keepsFiles ? 'service-with-files' : 'service', name),
      environment: { PORT: String(ports[name]), ...Object.fromEntries(own) },
      ports: [`127.0.0.1:${ports[name]}:${ports[name]}`],
      depends_on: own.length > 0 ? { deploy: { condition: 'service_completed_successfully' } } : {},
      ...(keepsFiles ? { volumes: [`${name}:/data`] } : {}),
    };
  }

  it('builds the services that are described, and the deploy step', () => {
    const ours = Object.keys(compose.services).filter((name) => compose.services[name]!.build !== undefined);
    expect(ours.sort()).toEqual(['deploy', ...serviceNames].sort());
  });

  it.each(serviceNames)('runs %s as it is described', (name) => {
    const { build, environment = {}, ports: published, depends_on, volumes } = compose.services[name]!;
    // How long something may take is a deployment's own choice.
    const settings = Object.entries(environment).filter(([variable]) => !variable.endsWith('_MS'));
    const found = { build, environment: Object.fromEntries(settings), ports: published, depends_on, volumes };
    expect(found).toEqual(described(name));
  });

  it('gives the deploy step every login that is described', () => {
    const { build, environment } = compose.services['deploy']!;
    expect(build).toEqual(built('deploy'));
    expect(environment).toEqual({ ...brokers, ADMIN_DATABASE_URL: expect.any(String) as string, ...loginUrls });
  });
});
