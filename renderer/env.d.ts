/// <reference types="vite/client" />
import type { BridgePipe } from '../contract/bridge.ts'

declare global {
  interface Window {
    /** The pipe of the preload, in the Electron host only. */
    readonly roomkeeper?: BridgePipe
  }
}

/** Made at build (`build/notices.ts`): everything of others that is shipped, with its licence. */
declare module 'virtual:notices' {
  const notices: readonly { readonly name: string; readonly version: string; readonly licence: string; readonly text: string }[]
  export default notices
}
