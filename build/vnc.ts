import { isRoot, onPath } from './chromium.ts'
import { say } from './paths.ts'
import { run } from './run.ts'

/** Programs that tests of real screens use, and the Debian package that each comes from. */
const programs = {
  Xvnc: 'tigervnc-standalone-server',
  xterm: 'xterm',
  xdotool: 'xdotool',
  xwininfo: 'x11-utils',
} as const

const updateMs = 120_000
const installMs = 300_000

/** Packages of those programs that this machine has not. */
const missing = (): string[] => Object.entries(programs).flatMap(([program, from]) => (onPath(program) === undefined ? [from] : []))

/**
 * Sees to it that this machine has a real VNC server (TigerVNC) and X programs to look at, from the distribution's packages
 * where this is root. Answers why not, where it cannot; the tests that need them are skipped then, with that reason.
 */
export async function getVnc(): Promise<{ missing: string | undefined }> {
  const wanted = missing()
  if (wanted.length === 0) return { missing: undefined }
  const names = wanted.join(' ')
  if (process.platform !== 'linux') return { missing: `no ${names} on ${process.platform}` }
  const apt = onPath('apt-get')
  if (apt === undefined) return { missing: `no ${names}, and this system has no apt-get` }
  if (!isRoot) return { missing: `no ${names}; install with: sudo apt-get install ${names}` }
  say(`No ${names} on this machine; installing the distribution's packages …`)
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  await run(apt, ['update'], { env, limitMs: updateMs })
  const install = await run(apt, ['install', '-y', '--no-install-recommends', ...wanted], { env, limitMs: installMs })
  const left = missing()
  if (left.length === 0) return { missing: undefined }
  return { missing: `no ${left.join(' ')}, and apt-get did not install it (${install.ended ?? `exit code ${install.code}`})` }
}
