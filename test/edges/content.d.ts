export const FIRST: string;
export const SECOND: string;
