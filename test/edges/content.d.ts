export const FIRST: string;
export const SECOND: string;
export function contentOf(bytes: number, seed: number): Buffer;
