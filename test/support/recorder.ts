/** In place of the audit log, for brokers without `auth`: takes every act, and keeps none. */
export const recorder = { name: "auth", actions: { recordAct: () => ({}), recordOutcome: () => ({}) } };
