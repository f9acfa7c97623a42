import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../../..');
const dockerfile = readFileSync(path.join(root, 'infra/docker/Dockerfile'), 'utf8');

describe('The apps', () => {
  it('are those that have an image, each under its name', () => {
    const started = dockerfile.matchAll(/^FROM runtime AS (\S+)\n(?:(?!FROM ).*\n)*?CMD \[.*"apps\/([^/]+)\/dist\/main\.js"\]$/gm);
    const images = [...started].map(([, target, app]) => [target, app]);
    const apps = readdirSync(path.join(root, 'apps')).filter((app) => existsSync(path.join(root, 'apps', app, 'package.json')));
    expect(images.sort()).toEqual(apps.sort().map((app) => [app, app]));
  });
});
