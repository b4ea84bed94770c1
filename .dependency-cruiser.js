const products = 'service|agent-sim|main|preload|renderer'
const test = '[.]test[.]ts$|(^|/)testing/'
const fixtures = '^renderer/fixtures/'
const machine = '^contract/machine[.]ts$'
/** The programs, which hand in what they take from their machine. */
const roots = [
  '^main/host/(browser/main|electron/index)[.]ts$',
  '^agent-sim/main[.]ts$',
  '^service/(main|cli/.*)[.]ts$',
  '^(build|bench|e2e)/',
]
const electron = '(^|/)node_modules/electron/|^electron$'

/**
 * The floors of each product, from the ground up: a part imports what stands on its own floor only of itself, and whatever is below. A
 * part is a folder, or a file at the root of its product. A new one is one word here; of the service, a new capability is one folder and
 * one word.
 */
const floors = {
  service: [
    ['ground'],
    ['directory', 'audit'],
    ['access'],
    ['identity', 'incidents', 'partners', 'feed'],
    ['enrolment', 'policyFile', 'demo', 'suppression', 'storms'],
    ['agents', 'rooms', 'notifications'],
    ['remote'],
  ],
  'agent-sim': [
    ['explained', 'notes', 'random', 'rfb', 'systemd', 'version'],
    ['actions', 'devices'],
    ['agent', 'scenarios', 'screen'],
    ['context', 'control', 'terminal'],
    ['remote'],
    ['room'],
    ['fleet', 'single'],
    ['cli'],
    ['main'],
  ],
  main: [
    ['emitter', 'files', 'log', 'sealed', 'support', 'wayOut'],
    ['cache', 'platform', 'preferences', 'turns'],
    ['lease', 'lock', 'serviceTime', 'session'],
    ['sync'],
    ['outbox', 'setup'],
    ['views'],
    ['bridge', 'tenants'],
    ['remote'],
    ['console'],
    ['calls'],
    ['core'],
    ['host'],
  ],
  renderer: [
    ['bridge', 'env', 'locales', 'notices', 'strict', 'styles'],
    ['remote', 'words'],
    ['stores'],
    ['lists'],
    ['parts'],
    ['screens'],
    ['App', 'router'],
    ['main'],
  ],
}
/** What is above all of them: what hands the capabilities of the service in, and what builds the screens. */
const above = { service: ['schema', 'server', 'cli', 'testing', 'main'], renderer: ['vite'] }

/** What a part must not import: its neighbours, and all that stands above it; and nothing imports a part without a floor. */
const floorRules = Object.entries(floors).flatMap(([product, all]) => [
  ...all.flatMap((floor, index) =>
    floor.map((part) => ({
      name: `floor-of-${product}-${part}`,
      comment: `What ${product}/${part} needs from its own floor or above is an event, or an interface further down.`,
      severity: 'error',
      from: { path: `^${product}/${part}[/.]`, pathNot: [test, fixtures] },
      to: { path: `^${product}/(?!(${[...all.slice(0, index).flat(), part].join('|')})[/.])` },
    })),
  ),
  {
    name: `floors-of-${product}`,
    comment: 'Every part of a product stands on one of the floors above.',
    severity: 'error',
    from: { pathNot: [test, fixtures] },
    to: { path: `^${product}/`, pathNot: [test, `^${product}/(${[...all.flat(), ...(above[product] ?? [])].join('|')})[/.]`] },
  },
])

/** The layers: imports go one way, every product may import the contract, and no product imports another. */
export default {
  forbidden: [
    {
      name: 'contract-stands-alone',
      comment: 'The contract imports zod and itself, so that every process can load it.',
      severity: 'error',
      from: { path: '^contract/', pathNot: [test, '^contract/sealed/', machine] },
      to: { pathNot: '^contract/(?!sealed/)|(^|/)node_modules/zod/' },
    },
    {
      name: 'the-machine-at-the-roots',
      comment: "Time, chance, ids and turns are handed in (contract/system.ts): only the roots of programs take the machine's own.",
      severity: 'error',
      from: { pathNot: [test, ...roots] },
      to: { path: machine },
    },
    {
      name: 'sealed-with-node-crypto',
      comment: 'The sealed link runs in console and agent: the contract, zod, and the cryptography of Node.',
      severity: 'error',
      from: { path: '^contract/sealed/', pathNot: test },
      to: { pathNot: '^contract/|(^|/)node_modules/zod/|^(node:)?crypto$' },
    },
    {
      name: 'screens-without-the-sealed-link',
      comment: 'Keys and sealed records stay in the core of the console.',
      severity: 'error',
      from: { path: '^(renderer|preload)/' },
      to: { path: '^contract/sealed/' },
    },
    {
      name: 'no-product-imports-another',
      comment: 'Products meet in the contract, over a boundary; never in an import.',
      severity: 'error',
      from: { path: `^(${products})/` },
      to: { path: `^(${products}|build|e2e|bench)/`, pathNot: '^$1/' },
    },
    {
      name: 'tools-start-products',
      comment: 'What stands behind npm start and the end-to-end tests starts products as processes.',
      severity: 'error',
      from: { path: '^(build|e2e)/' },
      to: { path: `^(${products}|bench)/` },
    },
    {
      name: 'screens-without-node',
      comment: 'The renderer runs in a sandboxed window and in a browser.',
      severity: 'error',
      from: { path: '^renderer/', pathNot: '^renderer/vite[.]config[.]ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'electron-in-its-host',
      comment: 'In plain Node, importing electron tries to download it.',
      severity: 'error',
      from: { pathNot: '^(main/host/electron|preload)/' },
      to: { path: electron },
    },
    {
      name: 'only-what-is-shipped',
      comment: 'What runs at the customer imports dependencies, not development dependencies.',
      severity: 'error',
      from: { path: '^(contract|service|agent-sim|main)/', pathNot: test },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: electron },
    },
    ...floorRules,
    {
      name: 'no-circles',
      comment: 'Modules that need each other are one module, or three; also where one needs but a type.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'everything-resolves',
      comment: 'An import that leads nowhere, or to a package that package.json does not name.',
      severity: 'error',
      from: {},
      // What a build makes, as the notice of licences, is no file.
      to: { couldNotResolve: true, pathNot: '^virtual:' },
    },
    {
      name: 'nothing-undeclared',
      comment: 'A package that is there only because another one needs it may go at any time.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Peers have packages of their own.
    exclude: { path: '^(out|test-results|playwright-report|bench/peers)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
}
