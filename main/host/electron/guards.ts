import type { Log } from '../../log.ts'
import type { Shell } from '../shell.ts'
import { host, isOurs, mayOpen, scheme } from './address.ts'
import type { ContentsApi, ElectronApi, SessionApi } from './api.ts'

/** Before the program is ready: the protocol counts as a secure origin, and every renderer is sandboxed. */
export function guardProgram({ app, protocol, shell }: ElectronApi, log: Log): void {
  app.enableSandbox()
  protocol.registerSchemesAsPrivileged([{ scheme, privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } }])
  app.on('web-contents-created', (_event, contents) => guardContents(contents, shell, log))
}

/** No page of any window leaves the console's own address, opens another window, or embeds one. */
function guardContents(contents: ContentsApi, shell: ElectronApi['shell'], log: Log): void {
  for (const name of ['will-navigate', 'will-redirect'] as const) {
    contents.on(name, (event) => {
      if (isOurs(event.url)) return
      event.preventDefault()
      log.warn({ what: name }, 'a page tried to leave the console')
    })
  }
  contents.on('will-attach-webview', (event) => event.preventDefault())
  contents.setWindowOpenHandler(({ url }) => {
    if (mayOpen(url)) void shell.openExternal(url).catch(() => log.warn({}, 'the system browser could not be opened'))
    else log.warn({ what: 'window.open' }, 'a page tried to open a window')
    return { action: 'deny' }
  })
}

/** What remote sessions ask for: the whole screen with its keys, and writing what was selected in a terminal to the clipboard. */
const permissions: ReadonlySet<string> = new Set(['fullscreen', 'keyboardLock', 'clipboard-sanitized-write'])
const mayHave = (permission: string, address: string): boolean => permissions.has(permission) && isOurs(address)

/** Once ready: serves the screens, and denies them everything else that a page could ask for. */
export function guardSession({ protocol }: ElectronApi, session: SessionApi, shell: Shell): void {
  protocol.handle(scheme, async (request) => {
    const url = new URL(request.url)
    const file = url.host === host && request.method === 'GET' ? await shell.file(url.pathname) : undefined
    return file ? new Response(new Uint8Array(file.body), { headers: { ...file.headers } }) : new Response(null, { status: 404 })
  })
  session.setPermissionRequestHandler((_contents, permission, callback, { isMainFrame, requestingUrl }) =>
    callback(isMainFrame && mayHave(permission, requestingUrl)),
  )
  session.setPermissionCheckHandler((_contents, permission, origin) => mayHave(permission, origin))
  session.setDevicePermissionHandler(() => false)
  session.on('will-download', (event) => event.preventDefault())
  // The screens talk to their own origin only; this holds whatever their policy were to say.
  session.webRequest.onBeforeRequest(({ url }, callback) =>
    callback({ cancel: !isOurs(url) && !url.startsWith('devtools://') && !url.startsWith('data:') && !url.startsWith('blob:') }),
  )
}
