import { createRouter, createWebHashHistory } from 'vue-router'
import About from './screens/about/About.vue'
import Incidents from './screens/incidents/Incidents.vue'
import RoomPage from './screens/room/RoomPage.vue'
import Rooms from './screens/rooms/Rooms.vue'
import NotFound from './screens/shell/NotFound.vue'
import Settings from './screens/settings/Settings.vue'

/** Addresses of the screens, behind the hash, so that a page served from anywhere can hold them. */
export const createRoutes = () =>
  createRouter({
    history: createWebHashHistory(),
    routes: [
      { path: '/', redirect: '/incidents' },
      { path: '/incidents/:incident?', name: 'incidents', component: Incidents },
      { path: '/rooms', name: 'rooms', component: Rooms },
      { path: '/rooms/:room/:tab(status|incidents|history)?', name: 'room', component: RoomPage },
      { path: '/settings', name: 'settings', component: Settings },
      { path: '/about', name: 'about', component: About },
      { path: '/:unknown(.*)*', name: 'notFound', component: NotFound },
    ],
  })
