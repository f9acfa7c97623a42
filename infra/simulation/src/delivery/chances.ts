/** The chances of each kind of step under fire; the rest goes to whatever waits for its turn or its time. */
export const chances = {
  append: 0.03,
  leap: 0.002,
  start: 0.01,
  kill: 0.003,
  pause: 0.004,
  resume: 0.004,
  stop: 0.001,
  resetModel: 0.0005,
  deploy: 0.0005,
  moveLeader: 0.002,
  arriveLate: 0.01,
  check: 0.002,
} as const;
export type Chance = keyof typeof chances;
/** Some seeds have little trouble, so that much gets done; some have more than any process survives undisturbed. */
export const WEATHER = [0.3, 1, 3] as const;
/** How often a timer goes before whatever waits for its turn: answers take milliseconds in some seeds, and seconds in others. */
export const HASTE = [0.02, 0.1, 0.3] as const;
export const HASTE_AT_LAST = 0.01;
