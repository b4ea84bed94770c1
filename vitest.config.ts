import { availableParallelism } from 'node:os'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'
import { noticesModule } from './build/notices.ts'
import { plantedBy, plantedMistake } from './service/testing/access/planted.ts'

const [major = 0] = process.versions.node.split('.').map(Number)
if (major < 24) {
  throw new Error(`Tests run on the project's Node 24, and this is ${process.versions.node}. Use: npm test`)
}

const integration = '**/*.integration.test.ts'
const notOurs = ['node_modules/**', 'out/**', '**/*.spec.ts']

/** Ends a hang, and measures nothing: far above what a test needs on a machine that has all its cores busy. In milliseconds. */
const limits = { testTimeout: 120_000, hookTimeout: 120_000 }
/** All chance of properties comes from the seed of the run. */
const setupFiles = ['build/vitest-setup.ts']
/** As many files at a time as there are cores; vitest would leave one of them free. */
const maxWorkers = availableParallelism()

/**
 * Three projects: `unit` (no processes, no sockets), `renderer` (units of the screens in a DOM), and `integration`
 * (real processes and sockets; few at a time, since each starts several).
 */
export default defineConfig({
  test: {
    // What was kept of a module has no mistake in it, and one with a mistake must not be kept.
    fsModuleCache: process.env[plantedBy] === undefined,
    projects: [
      {
        // Nothing, unless a mistake is asked for (`npm test -- planted`).
        plugins: [plantedMistake()],
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [...notOurs, integration, 'renderer/**'],
          setupFiles,
          ...limits,
          pool: 'forks',
          // Units leave nothing behind, so that files may share a worker.
          isolate: false,
          maxWorkers,
        },
      },
      {
        plugins: [vue(), noticesModule()],
        test: {
          name: 'renderer',
          include: ['renderer/**/*.test.ts'],
          exclude: notOurs,
          environment: 'happy-dom',
          // Styles are read as they are: contrast is tested on them.
          css: true,
          setupFiles: [...setupFiles, 'renderer/fixtures/setup.ts'],
          ...limits,
          pool: 'forks',
          isolate: false,
          maxWorkers,
        },
      },
      {
        test: {
          name: 'integration',
          include: [integration],
          globalSetup: 'build/vitest-programs.ts',
          exclude: notOurs,
          setupFiles,
          pool: 'forks',
          isolate: false,
          maxWorkers: maxWorkers + 1,
          ...limits,
        },
      },
    ],
  },
})
