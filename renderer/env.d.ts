/// <reference types="vite/client" />
import type { BridgePipe } from '../contract/bridge.ts'

declare global {
  interface Window {
    /** The pipe of the preload, in the Electron host only. */
    readonly roomkeeper?: BridgePipe
  }
}
