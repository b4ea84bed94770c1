import type { SignalId } from '../../contract/signals.ts'

/** What people type when they look for a signal, in English and French, beside the words of its own id. */
export const signalWords: Readonly<Record<SignalId, string>> = {
  'display.frontOfRoom1': 'display screen front of room 1 écran avant de salle',
  'display.frontOfRoom2': 'display screen front of room 2 écran avant de salle',
  'display.console': 'display screen console touch écran tactile',
  'audio.microphone': 'audio microphone mic micro',
  'audio.speaker': 'audio speaker loudspeaker sound haut-parleur son',
  'peripherals.camera': 'peripherals camera caméra périphérique',
  'peripherals.hdmiIngest': 'peripherals hdmi ingest content capture périphérique contenu',
  'peripherals.proximity': 'peripherals proximity sensor beacon capteur proximité périphérique',
  'connectivity.signInExchange': 'connectivity sign in exchange calendar connexion calendrier',
  'connectivity.signInTeams': 'connectivity sign in teams connexion',
  'connectivity.signInSfb': 'connectivity sign in skype for business connexion',
  'connectivity.network': 'connectivity network réseau connexion',
  'connectivity.agent': 'connectivity agent disconnected offline déconnecté hors ligne',
  'connectivity.identity': 'connectivity identity copied cloned disk twice two machines identité copie clone disque deux fois',
  'versioning.app': 'version app application update mise à jour',
  'versioning.os': 'version os operating system windows update système mise à jour',
}
