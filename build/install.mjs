// Installs the packages of package-lock.json when node_modules does not fit it. Runs on the system's Node.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'

const waitStepMs = 250
const progressMs = 5000

function readText(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function readJson(path) {
  try {
    return JSON.parse(readText(path))
  } catch {
    return {}
  }
}

const stampPath = (root) => join(root, 'node_modules', '.roomkeeper.json')

/** What node_modules must have been made from: the lock file, for this platform. */
function wanted(root) {
  const hash = createHash('sha256')
    .update(readText(join(root, 'package-lock.json')))
    .digest('hex')
  return { lock: hash, platform: `${process.platform}-${process.arch}` }
}

/** Whether npm's own record of what it installed names the versions of the lock file, as after a plain `npm install`. */
function fitsByHand(root) {
  const lock = readJson(join(root, 'package-lock.json')).packages || {}
  const installed = readJson(join(root, 'node_modules', '.package-lock.json')).packages
  if (!installed) return false
  for (const [path, entry] of Object.entries(lock)) {
    if (path === '') continue
    const there = installed[path]
    if (there ? there.version !== entry.version : !entry.optional && !entry.peer) return false
  }
  return Object.keys(installed).every((path) => path in lock)
}

function isInstalled(root) {
  const stamp = readJson(stampPath(root))
  const want = wanted(root)
  if (stamp.lock === want.lock && stamp.platform === want.platform) return true
  if (stamp.lock !== undefined && stamp.platform !== want.platform) return false
  if (!fitsByHand(root)) return false
  writeStamp(root)
  return true
}

function writeStamp(root) {
  writeFileSync(stampPath(root), JSON.stringify(wanted(root)))
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Removes a lock whose owner is dead, by renaming it first: of several who try, one gets it. */
function removeDeadLock(lock, owner) {
  const aside = `${lock}.${process.pid}`
  try {
    renameSync(lock, aside)
    // Someone may have taken the lock between the look and the rename: then it is theirs, and goes back.
    if (readText(aside) !== owner) linkSync(aside, lock)
    rmSync(aside)
  } catch {
    // Another process was faster; the next round sees what it made of it.
  }
}

/** Waits until no other process installs here, then holds the lock and answers its undo. */
async function takeLock(root, say) {
  mkdirSync(join(root, 'out'), { recursive: true })
  const lock = join(root, 'out', 'install.lock')
  const mine = `${lock}.${process.pid}.mine`
  writeFileSync(mine, String(process.pid))
  let said = false
  for (;;) {
    try {
      // A link appears with its content, so nobody ever reads a lock without an owner.
      linkSync(mine, lock)
      rmSync(mine)
      return () => rmSync(lock, { force: true })
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    const owner = readText(lock)
    if (owner === '') continue
    if (!isAlive(Number(owner))) removeDeadLock(lock, owner)
    else {
      if (!said) say(`Another install runs here (process ${owner}; if it does not, delete ${lock}); waiting for it.`)
      said = true
      await new Promise((resolve) => setTimeout(resolve, waitStepMs))
    }
  }
}

/** The npm that runs this script, or else the one on the path. */
function npmCommand() {
  const running = process.env.npm_execpath
  if (running && basename(running).startsWith('npm')) return { file: process.execPath, lead: [running], shell: false }
  return { file: process.platform === 'win32' ? 'npm.cmd' : 'npm', lead: [], shell: process.platform === 'win32' }
}

/**
 * `npm ci`, with everything it prints on standard error, so that standard output stays for answers. What comes is what the lock
 * file has a checksum of, and nothing of it runs while it is installed: no package needs its install script.
 */
function npmCi(root, say) {
  const { file, lead, shell } = npmCommand()
  const startedAt = Date.now()
  const args = [...lead, 'ci', '--include=dev', '--include=optional', '--ignore-scripts', '--no-fund', '--no-audit', '--loglevel=error']
  const child = spawn(file, args, { cwd: root, shell, stdio: ['ignore', 2, 2] })
  // On a terminal npm draws its own progress.
  const ticker = process.stderr.isTTY
    ? undefined
    : setInterval(() => say(`  still installing, ${Math.round((Date.now() - startedAt) / 1000)} s`), progressMs)
  return new Promise((resolve) => {
    const done = (code) => {
      clearInterval(ticker)
      resolve(code)
    }
    child.on('error', (error) => {
      say(`npm could not be started: ${error.message}`)
      done(1)
    })
    child.on('exit', (code) => done(code === null ? 1 : code))
  })
}

/** Makes node_modules fit package-lock.json. Answers whether it does now; why not is said on standard error. */
export async function ensureInstalled(root, say) {
  if (isInstalled(root)) return true
  const release = await takeLock(root, say)
  try {
    if (isInstalled(root)) return true
    say('Installing packages (once; takes about a minute) …')
    const code = await npmCi(root, say)
    if (code !== 0) {
      say(`The packages could not be installed (npm ci ended with ${code}); what npm says is above.`)
      return false
    }
    writeStamp(root)
    return true
  } finally {
    release()
  }
}
