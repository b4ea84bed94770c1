/** What the screens are built on, with its licence. The full texts are in the packages. */
export const licences = [
  { name: 'Vue', licence: 'MIT' },
  { name: 'Vue Router', licence: 'MIT' },
  { name: 'Vue I18n', licence: 'MIT' },
  { name: 'Pinia', licence: 'MIT' },
  { name: 'Reka UI', licence: 'MIT' },
  { name: 'TanStack Virtual', licence: 'MIT' },
  { name: 'Zod', licence: 'MIT' },
  { name: 'Inter', licence: 'OFL 1.1' },
  { name: 'JetBrains Mono', licence: 'OFL 1.1' },
  { name: 'noVNC', licence: 'MPL 2.0' },
  { name: 'xterm.js', licence: 'MIT' },
  { name: 'Electron', licence: 'MIT' },
] as const
