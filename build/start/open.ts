import { spawn } from 'node:child_process'

/** The program that opens an address in the person's browser; none on a Linux without a display. */
function opener(): [file: string, ...args: string[]] | undefined {
  switch (process.platform) {
    case 'darwin':
      return ['open']
    case 'win32':
      return ['rundll32', 'url.dll,FileProtocolHandler']
    default:
      return process.env['DISPLAY'] || process.env['WAYLAND_DISPLAY'] ? ['xdg-open'] : undefined
  }
}

/** Opens an address in the system browser, if there is one. The address is also on the terminal, so failing is quiet. */
export function openBrowser(address: string): void {
  const program = opener()
  if (!program) return
  const [file, ...args] = program
  const child = spawn(file, [...args, address], { stdio: 'ignore', detached: true })
  child.on('error', () => {})
  child.unref()
}
