import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

const [major = 0] = process.versions.node.split('.').map(Number)
if (major < 24) {
  throw new Error(`Tests run on the project's Node 24, and this is ${process.versions.node}. Use: npm test`)
}

const integration = '**/*.integration.test.ts'
const notOurs = ['node_modules/**', 'out/**', '**/*.spec.ts']

/**
 * Three projects: `unit` (no processes, no sockets), `renderer` (units of the screens in a DOM), and `integration`
 * (real processes and sockets; few at a time, since each starts several).
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [...notOurs, integration, 'renderer/**'],
          pool: 'forks',
        },
      },
      {
        plugins: [vue()],
        test: {
          name: 'renderer',
          include: ['renderer/**/*.test.ts'],
          exclude: notOurs,
          environment: 'happy-dom',
          // Styles are read as they are: contrast is tested on them.
          css: true,
          pool: 'forks',
        },
      },
      {
        test: {
          name: 'integration',
          include: [integration],
          exclude: notOurs,
          pool: 'forks',
          maxWorkers: 2,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
