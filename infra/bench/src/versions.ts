import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '@orderstream/local-stack/layout';

export function kafkaVersion(): string {
  const pom = readFileSync(join(root, 'infra/local/pom.xml'), 'utf8');
  return /<artifactId>kafka_[\d.]+<\/artifactId>\s*<version>([^<]+)/.exec(pom)?.[1] ?? 'unknown';
}
