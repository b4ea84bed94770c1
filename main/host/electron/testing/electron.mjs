// For tests: what the built program imports as "electron". Its one page is played over standard input and output, one
// line of JSON for each message.
import { createInterface } from 'node:readline'
import { channel, consoleAddress } from '../address.ts'
import { StandInElectron } from './standIn.ts'

const electron = new StandInElectron()
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`)
electron.app.on('exited', () => process.exit(electron.app.exitCode))
electron.app.on('web-contents-created', (_event, contents) => contents.toPage.on('message', (_channel, message) => say({ page: message })))
const { shell } = electron.api
export const { app, BrowserWindow, dialog, ipcMain, Menu, Notification, protocol, safeStorage, screen, session } = electron.api
const opening = { openExternal: (url) => shell.openExternal(url).then(() => say({ opened: url })) }
export { opening as shell }

createInterface({ input: process.stdin }).on('line', async (line) => {
  const { post, file } = JSON.parse(line)
  if (post) electron.post(electron.window.webContents, channel, post)
  const response = file && (await electron.handlers.get('app')(new Request(new URL(file, consoleAddress))))
  if (response) say({ file, status: response.status, type: response.headers.get('content-type') })
})
