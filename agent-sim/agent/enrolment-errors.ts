/** What stands in the way of an installation, by the troubleshooting table of the product's documentation (ENR-2). */
export type EnrolmentErrorId = 'notElevated' | 'tpmMissing' | 'accountMissing'

export type Language = 'en' | 'fr'

export interface EnrolmentErrorText {
  /** The exact message. */
  readonly message: Readonly<Record<Language, string>>
  /** What the person at the device does about it. */
  readonly remedy: Readonly<Record<Language, string>>
}

export const enrolmentErrors: Readonly<Record<EnrolmentErrorId, EnrolmentErrorText>> = {
  notElevated: {
    message: {
      en: 'ERROR: Please run this application with elevated privileges',
      fr: 'ERREUR : exécutez cette application avec des privilèges élevés',
    },
    remedy: {
      en: 'Run the installer again with elevated privileges.',
      fr: "Relancez le programme d'installation avec des privilèges élevés.",
    },
  },
  tpmMissing: {
    message: {
      en: 'TPM data cannot be found',
      fr: 'Les données TPM sont introuvables',
    },
    remedy: {
      en:
        'Turn the Trusted Platform Module on in the firmware settings. On an Intel NUC: plug in a keyboard, restart, press F2 ' +
        'repeatedly, Advanced, Security, on the right under Security Features turn on Intel Platform Trust Technology, ' +
        'F10 to save, confirm with Yes.',
      fr:
        'Activez le module de plateforme sécurisée (TPM) dans les réglages du microprogramme. Sur un Intel NUC : branchez un clavier, ' +
        'redémarrez, appuyez plusieurs fois sur F2, Advanced, Security, puis à droite, sous Security Features, activez Intel Platform ' +
        'Trust Technology ; F10 pour enregistrer, confirmez par Yes.',
    },
  },
  accountMissing: {
    message: {
      en: "ERROR: Local user account named 'Admin' or 'Skype' not found",
      fr: "ERREUR : le compte d'utilisateur local nommé « Admin » ou « Skype » est introuvable",
    },
    remedy: {
      en: 'Make sure that both local accounts exist on the certified device.',
      fr: "Vérifiez que les deux comptes locaux existent sur l'appareil certifié.",
    },
  },
}

/** What to do about any other failure. */
export const otherErrorRemedy: Readonly<Record<Language, string>> = {
  en: 'Give a copy of the installation log (another file than the runtime log) to support.',
  fr: "Remettez une copie du journal d'installation (un autre fichier que le journal d'exécution) au support.",
}
