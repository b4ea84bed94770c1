import { spawn, spawnSync } from 'node:child_process'
import { createPublicKey, verify } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { portOf } from '../testing/proxy.ts'
import { until } from '../testing/until.ts'
import { runProgram } from './run-program.ts'
import { TpmKeyStore } from './tpm.ts'

const missing = ['swtpm', 'tpm2_sign'].filter((program) => spawnSync(program, ['--version']).error !== undefined)

/** Two ports next to each other, as the software TPM wants them. */
async function freePorts(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const port = portOf(server)
  await new Promise((done) => server.close(done))
  return port
}

it.skipIf(missing.length > 0)(`a software TPM keeps the key (needs ${missing.join(' and ') || 'swtpm and tpm2-tools'})`, async () => {
  const state = mkdtempSync(join(tmpdir(), 'swtpm-'))
  const folder = mkdtempSync(join(tmpdir(), 'keys-'))
  const port = await freePorts()
  const tpm = spawn('swtpm', [
    'socket', '--tpm2', '--tpmstate', `dir=${state}`, '--server', `type=tcp,port=${port}`, '--ctrl', `type=tcp,port=${port + 1}`, '--flags', 'startup-clear',
  ])
  try {
    const tcti = `swtpm:host=127.0.0.1,port=${port}`
    await until('the software TPM', () =>
      runProgram('tpm2_getrandom', ['4'], { environment: { TPM2TOOLS_TCTI: tcti } }).then(
        () => true,
        () => false,
      ),
    )
    const made = await new TpmKeyStore(folder, { tcti }).create()
    const again = await new TpmKeyStore(folder, { tcti }).open()
    expect(again?.publicKey).toEqual(made.publicKey)
    for (const text of ['a challenge', 'another']) {
      const signature = Buffer.from((await again?.sign(text)) ?? '', 'base64url')
      const key = createPublicKey({ key: { ...made.publicKey }, format: 'jwk' })
      expect(verify('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true)
    }
  } finally {
    tpm.kill()
    rmSync(state, { recursive: true, force: true })
    rmSync(folder, { recursive: true, force: true })
  }
})
