import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { canReach } from './postgres-user.ts';

const stranger = { uid: 61_234, gid: 61_234 };

function nested(mode: number): string {
  const outer = mkdtempSync(path.join(tmpdir(), 'orderstream-reach-'));
  onTestFinished(() => rmSync(outer, { recursive: true, force: true }));
  chmodSync(outer, 0o755);
  const middle = path.join(outer, 'middle');
  const inner = path.join(middle, 'inner');
  mkdirSync(inner, { recursive: true });
  chmodSync(inner, 0o755);
  chmodSync(middle, mode);
  return inner;
}

describe('A folder', () => {
  it('can be reached when all may pass through what is above it', () => {
    expect(canReach(nested(0o711), stranger)).toBe(true);
  });

  it("can't be reached below one that only its owner may enter", () => {
    expect(canReach(nested(0o700), stranger)).toBe(false);
    expect(canReach(nested(0o700), { uid: process.getuid!(), gid: process.getgid!() })).toBe(true);
  });

  it('that is yet to be made is judged by what is above it', () => {
    expect(canReach(path.join(nested(0o700), 'new/newer'), stranger)).toBe(false);
    expect(canReach(path.join(nested(0o711), 'new/newer'), stranger)).toBe(true);
  });
});
