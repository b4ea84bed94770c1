import { join } from 'node:path'

const folder = join(import.meta.dirname, '../../out/programs')

/**
 * The programs of the product as they are started, each built into one file (build/programs.ts): a process is there in
 * half the time that its several hundred sources take.
 */
export const programs = {
  service: join(folder, 'service.js'),
  agent: join(folder, 'agent.js'),
  console: join(folder, 'console.js'),
} as const
