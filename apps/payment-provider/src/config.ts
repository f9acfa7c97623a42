import { accessSync, constants, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { serviceConfig } from '@orderstream/service';
import { z } from 'zod';

export const configSchema = z.object({
  ...serviceConfig,
  /** The folder that holds the book; made when it is not there. */
  DATA_DIR: z
    .string()
    .transform((folder) => resolve(folder))
    .refine(isWritableFolder, 'must be a folder that this process may write to'),
});

export type Config = z.output<typeof configSchema>;

function isWritableFolder(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
