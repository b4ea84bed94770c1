import { type ChildProcess, spawn } from 'node:child_process'
import { createCipheriv } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Locator, Page } from '@playwright/test'
import { freePort } from '../contract/testing/port.ts'
import { people } from './product.ts'
import { expect, picture, signIn, test } from './test.ts'

/** A real X desktop behind a real VNC server (TigerVNC) as the screen of a device, and a real shell as its terminal (REM-9). */

const missing = process.env['ROOMKEEPER_NO_VNC']
test.skip(missing !== undefined, missing ?? '')
test.use({ viewport: { width: 1280, height: 800 }, stackOptions: { rooms: 1 } })

const name = 'Basement workshop'
const [width, height] = [800, 500]

/** What the server's password file holds: eight characters, enciphered by DES with a key that everybody knows. */
function obscured(password: string): Buffer {
  const key = Buffer.from('e84ad660c4721ae0', 'hex')
  const cipher = createCipheriv('des-ede3-ecb', Buffer.concat([key, key, key]), null).setAutoPadding(false)
  return Buffer.concat([cipher.update(Buffer.from(password, 'latin1')), cipher.final()])
}

/** A VNC server with a password, and on it an orange terminal program that writes what is typed into a file. */
async function startDesktop(folder: string) {
  const running: ChildProcess[] = []
  const port = await freePort()
  const password = join(folder, 'vnc-password')
  writeFileSync(password, 'swordfsh\n', { mode: 0o600 })
  const kept = join(folder, 'vnc.passwd')
  writeFileSync(kept, obscured('swordfsh'), { mode: 0o600 })
  const options = [
    '-rfbport',
    String(port),
    '-localhost',
    '-SecurityTypes',
    'VncAuth',
    '-PasswordFile',
    kept,
    '-geometry',
    `${width}x${height}`,
    '-depth',
    '24',
    '-nolisten',
    'tcp',
  ]
  const server = spawn('Xvnc', ['-displayfd', '3', ...options], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] })
  running.push(server)
  let display = ''
  server.stdio[3]?.on('data', (bytes) => (display += String(bytes)))
  await expect.poll(() => display.endsWith('\n'), { timeout: 20_000 }).toBe(true)
  const typed = join(folder, 'typed.txt')
  const terminal = ['-geometry', '80x20+40+60', '-bg', '#ff8800', '-fg', '#000000', '-e', 'sh', '-c', `stty -echo; cat > ${typed}`]
  running.push(spawn('xterm', terminal, { env: { ...process.env, DISPLAY: `:${display.trim()}` }, stdio: 'ignore' }))
  await expect.poll(() => existsSync(typed), { timeout: 20_000 }).toBe(true)
  return {
    screen: ['--screen', `console=127.0.0.1:${port}`, '--vnc-password-file', password],
    typed: () => readFileSync(typed, 'utf8'),
    stop: () => running.reverse().forEach((child) => child.kill()),
  }
}

const screenOf = (page: Page): Locator => page.getByTestId('remote-session').locator('canvas')
const colourAt = (page: Page, x: number, y: number): Promise<number[]> =>
  screenOf(page).evaluate(
    (canvas, at) =>
      canvas instanceof HTMLCanvasElement ? [...(canvas.getContext('2d')?.getImageData(at.x, at.y, 1, 1).data ?? [])].slice(0, 3) : [],
    { x, y },
  )

async function openTab(page: Page): Promise<void> {
  await page.getByTestId('rail-rooms').click()
  await page.getByTestId('room-row').filter({ hasText: name }).click()
  await page.getByRole('tab', { name: 'Remote access' }).click()
}

test('[REM-9] a real X program is seen and typed into through the viewer, a real shell answers, and a viewer types nothing', async ({
  page: tab,
  stack,
}) => {
  mkdirSync(stack.data, { recursive: true })
  const desktop = await startDesktop(stack.data)
  try {
    const screen = await stack.start()
    await stack.startHost(name, [...desktop.screen, '--shell', '/bin/sh'])
    await stack.allowRemote()
    const page = await signIn(tab, screen, people.manager)

    await openTab(page)
    await page.getByTestId('remote-start-modify').click()
    await expect(page.getByTestId('remote-session')).toHaveAttribute('data-state', 'live')
    await expect
      .poll(() => screenOf(page).evaluate((canvas) => (canvas instanceof HTMLCanvasElement ? [canvas.width, canvas.height] : [])))
      .toEqual([width, height])
    // The terminal program's ground, to the pixel.
    await expect.poll(() => colourAt(page, 300, 200)).toEqual([0xff, 0x88, 0x00])

    const box = await screenOf(page).boundingBox()
    if (!box) throw new Error('there is no picture')
    await page.mouse.click(box.x + (box.width * 300) / width, box.y + (box.height * 200) / height)
    await page.keyboard.type('Hello, basement 42!\n')
    await expect.poll(() => desktop.typed()).toBe('Hello, basement 42!\n')
    await picture(page, 'remote-7-desktop')

    await page.getByTestId('remote-terminal-new').click()
    const shell = page.locator('.xterm-rows')
    await expect(shell).toBeVisible()
    await page.keyboard.type('echo "six times seven is $((6 * 7))"\n')
    await expect(shell).toContainText('six times seven is 42')
    await page.getByTestId('remote-end').click()
    await expect(page.getByTestId('remote-reason')).toHaveAttribute('data-reason', 'operatorEnded')
    await page.getByTestId('remote-forget').click()

    await page.getByTestId('remote-start-view').click()
    await expect(page.getByTestId('remote-session')).toHaveAttribute('data-mode', 'view')
    await expect.poll(() => colourAt(page, 300, 200)).toEqual([0xff, 0x88, 0x00])
    await expect(page.getByTestId('remote-terminal-new')).toHaveCount(0)
    await screenOf(page).click()
    await page.keyboard.type('not this\n')
    // Later than all that was typed: the picture still comes.
    await expect(page.getByTestId('remote-round-trip')).toBeVisible()
    await page.getByTestId('remote-end').click()
    await expect(page.getByTestId('remote-reason')).toHaveAttribute('data-reason', 'operatorEnded')
    expect(desktop.typed()).toBe('Hello, basement 42!\n')
  } finally {
    desktop.stop()
  }
})
