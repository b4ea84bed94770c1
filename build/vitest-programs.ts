import { buildPrograms } from './programs.ts'

/** Tests that start programs start what the sources are now, however the tests were run. */
export const setup = (): Promise<void> => buildPrograms()
