/** Ten years: long enough for everybody, short enough to be a date. */
export const LONGEST_LIFE_S = 315_360_000;
