import { fileURLToPath } from 'node:url'
import { defineConfig } from 'electron-vite'
import { noticesModule } from './build/notices.ts'
import screens from './renderer/vite.config.ts'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Of the program's own dependencies only SQLite stays outside, with its native part; the others are built in. */
const outside = ['electron', 'better-sqlite3']

/** Builds the Electron program into out/electron: main with the cache's worker, preload, screens. No binary is needed. */
export default defineConfig({
  main: {
    build: {
      outDir: 'out/electron/main',
      externalizeDeps: false,
      rollupOptions: {
        input: { index: at('main/host/electron/index.ts'), 'cache-worker': at('main/cache/worker.ts') },
        external: outside,
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  },
  preload: {
    build: {
      outDir: 'out/electron/preload',
      externalizeDeps: false,
      rollupOptions: {
        input: { index: at('preload/index.ts') },
        external: outside,
        // The preload of a sandboxed window must be CommonJS.
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    ...screens,
    plugins: [...(screens.plugins ?? []), noticesModule(at('.'))],
    build: {
      ...screens.build,
      outDir: 'out/electron/renderer',
      minify: true,
      rolldownOptions: { ...screens.build?.rolldownOptions, input: at('renderer/index.html') },
    },
  },
})
