import { contextBridge, ipcRenderer, type IpcRendererEvent } from 'electron'
import type { BridgePipe } from '../contract/bridge.ts'

/** The pipe between the screens and the core, and nothing else: the screens never see ipcRenderer. */
const channel = 'roomkeeper'

const pipe: BridgePipe = {
  send: (message) => ipcRenderer.send(channel, message),
  onMessage: (listener) => {
    const take = (_event: IpcRendererEvent, message: unknown): void => listener(message)
    ipcRenderer.on(channel, take)
    return () => void ipcRenderer.off(channel, take)
  },
}

contextBridge.exposeInMainWorld('roomkeeper', pipe)
