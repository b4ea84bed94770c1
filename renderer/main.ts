import './strict.ts'
import '@fontsource-variable/inter/wght.css'
import '@fontsource-variable/jetbrains-mono/wght.css'
import './styles/tokens.css'
import './styles/base.css'
import './styles/sheets.css'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { createBridge } from './bridge/client.ts'
import { bridgeKey, pipeKey } from './bridge/index.ts'
import { openPipe } from './bridge/pipes.ts'
import { createRoutes, loadScreens } from './router.ts'
import { createWords, systemLanguage } from './words/i18n.ts'

/** About when the first list is there; on a slow machine it may come later. */
const otherScreensMs = 1_000

async function start(): Promise<void> {
  // Before the router: the browser host's token is taken out of the address first.
  const pipe = await openPipe()
  createApp(App)
    .provide(pipeKey, pipe)
    .provide(bridgeKey, createBridge(pipe))
    .use(createPinia())
    .use(createWords(systemLanguage()))
    .use(createRoutes())
    .mount('#app')
  setTimeout(() => void loadScreens(), otherScreensMs)
}

void start()
