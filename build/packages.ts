import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { say } from './paths.ts'
import { run } from './run.ts'

/** Programs that tests use, or files by their whole path, and the Debian package that each comes from. */
export type Programs = Readonly<Record<string, string>>

const updateMs = 120_000
const installMs = 300_000

export const isRoot = process.getuid?.() === 0

/** A program of this machine. */
export function onPath(name: string): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const file = join(folder, name)
    try {
      accessSync(file, constants.X_OK)
      return file
    } catch {
      // Not in this folder.
    }
  }
  return undefined
}

const isThere = (program: string): boolean => (program.startsWith('/') ? existsSync(program) : onPath(program) !== undefined)
const lacking = (programs: Programs): string[] => [
  ...new Set(Object.entries(programs).flatMap(([program, from]) => (isThere(program) ? [] : [from]))),
]

let last: Promise<unknown> = Promise.resolve()

/**
 * Sees to it that this machine has programs that tests need, from the distribution's packages where this is root. Answers why not,
 * where it cannot. Two calls at once follow each other, since apt-get runs only once at a time.
 */
export function getPrograms(programs: Programs): Promise<{ missing: string | undefined }> {
  const turn = last.then(() => install(programs))
  last = turn
  return turn
}

async function install(programs: Programs): Promise<{ missing: string | undefined }> {
  const wanted = lacking(programs)
  if (wanted.length === 0) return { missing: undefined }
  const names = wanted.join(' ')
  if (process.platform !== 'linux') return { missing: `no ${names} on ${process.platform}` }
  const apt = onPath('apt-get')
  if (apt === undefined) return { missing: `no ${names}, and this system has no apt-get` }
  if (!isRoot) return { missing: `no ${names}; install with: sudo apt-get install ${names}` }
  say(`No ${names} on this machine; installing the distribution's packages …`)
  // Servers among them are for tests alone: systemd starts none of them.
  const env = { DEBIAN_FRONTEND: 'noninteractive', SYSTEMD_OFFLINE: '1' }
  await run(apt, ['update'], { env, limitMs: updateMs })
  const done = await run(apt, ['install', '-y', '--no-install-recommends', ...wanted], { env, limitMs: installMs })
  const left = lacking(programs)
  if (left.length === 0) return { missing: undefined }
  return { missing: `no ${left.join(' ')}, and apt-get did not install it (${done.ended ?? `exit code ${done.code}`})` }
}

/** TigerVNC, which shows real screens, and X programs to look at. */
export const vncPrograms: Programs = { Xvnc: 'tigervnc-standalone-server', xterm: 'xterm', xdotool: 'xdotool', xwininfo: 'x11-utils' }

/** A VNC server of another make, which shows somebody else's X display. */
export const x11vncPrograms: Programs = { ...vncPrograms, xev: 'x11-utils', x11vnc: 'x11vnc' }

/** What gives a folder an access list. */
export const aclPrograms: Programs = { setfacl: 'acl' }

/** A TPM in software, and the programs that speak with one. */
export const tpmPrograms: Programs = { swtpm: 'swtpm', tpm2_sign: 'tpm2-tools' }

/** Proxies that stand in front of a service. */
export const frontPrograms: Programs = { nginx: 'nginx', haproxy: 'haproxy', openssl: 'openssl' }

/** OpenID providers, what LemonLDAP::NG needs of Perl to be one and to speak TLS by itself, and what makes certificates. */
export const openIdPrograms: Programs = {
  openssl: 'openssl',
  glewlwyd: 'glewlwyd',
  plackup: 'libplack-perl',
  '/usr/share/perl5/Lemonldap/NG/Portal.pm': 'liblemonldap-ng-portal-perl',
  '/usr/share/perl5/IO/Socket/SSL.pm': 'libio-socket-ssl-perl',
  '/usr/share/perl5/IO/String.pm': 'libio-string-perl',
  '/usr/share/perl5/String/Random.pm': 'libstring-random-perl',
}
