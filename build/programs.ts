import { dirname, join, relative, sep } from 'node:path'
import type { Plugin } from 'vite'
import type { programs } from '../contract/testing/programs.ts'
import { writeNotices } from './notices.ts'
import { failed, out, root, say } from './paths.ts'
import { buildOnce } from './stale.ts'

/** What is started as a process, and what those start as threads: the name of the built file, and its source. */
const entries: Readonly<Record<keyof typeof programs | `${string}-worker`, string>> = {
  service: 'service/main.ts',
  agent: 'agent-sim/main.ts',
  console: 'main/host/browser/main.ts',
  'cache-worker': 'main/cache/worker.ts',
  'policy-worker': 'service/policyFile/worker.ts',
  'recording-worker': 'service/remote/recordings/worker.ts',
}

/** Packages that have a native part, or read files beside their own code. */
const outside = ['better-sqlite3', '@lydell/node-pty', '@napi-rs/canvas', 'bufferutil', 'utf-8-validate', 'quickjs-wasi']

const sources = ['service', 'agent-sim', 'main', 'contract']
const inputs = [...sources, 'build/programs.ts', 'build/notices.ts', 'package-lock.json']
const isOurs = new RegExp(`^(${sources.join('|')})/`)
const aThread = /new URL\('(\.[^']+\.ts)', import\.meta\.url\)/g

/** In the built file, a source still stands where it stood: it finds its files there. A thread's source becomes its built file. */
function placesOfSources(): Plugin {
  const threads = new Map(Object.entries(entries).map(([name, source]) => [join(root, source), `new URL('./${name}.js', import.meta.url)`]))
  return {
    name: 'places-of-sources',
    enforce: 'pre',
    transform(code, id) {
      const source = relative(root, id).split(sep).join('/')
      if (!isOurs.test(source) || !code.includes('import.meta.')) return undefined
      const pieces = code.split(aThread)
      let placed = ''
      for (const [index, piece] of pieces.entries()) {
        const thread = index % 2 === 1 ? threads.get(join(dirname(id), piece)) : undefined
        const kept = index % 2 === 1 ? `new URL('${piece}', sourceUrl)` : piece.replaceAll('import.meta.url', 'sourceUrl')
        placed += (thread ?? kept).replaceAll('import.meta.dirname', "sourcePath(new URL('.', sourceUrl))")
      }
      const from = relative(join(out, 'programs'), id).split(sep).join('/')
      const place = `new URL(${JSON.stringify(from)}, import.meta.url).href`
      return `import { fileURLToPath as sourcePath } from 'node:url'\nconst sourceUrl = ${place}\n${placed}`
    },
  }
}

/** Builds service, agent and console into out/programs, one file each with what they share, when something of them has changed. */
export async function buildPrograms(): Promise<void> {
  const startedAt = Date.now()
  const made = await buildOnce('programs', inputs, async (folder) => {
    const { build } = await import('vite')
    await build({
      configFile: false,
      root,
      logLevel: 'error',
      plugins: [placesOfSources()],
      ssr: { noExternal: true, external: outside },
      build: {
        ssr: true,
        outDir: folder,
        target: 'node24',
        minify: false,
        rolldownOptions: {
          input: Object.fromEntries(Object.entries(entries).map(([name, source]) => [name, join(root, source)])),
          output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
          // Two packages of others use `eval` on purpose.
          checks: { eval: false },
        },
      },
    })
    writeNotices(folder)
  })
  if (made) say(`Built the programs in ${((Date.now() - startedAt) / 1000).toFixed(1)} s.`)
}

if (import.meta.main) {
  try {
    await buildPrograms()
  } catch (error) {
    process.exitCode = failed(error)
  }
}
