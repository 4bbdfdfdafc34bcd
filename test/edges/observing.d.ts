export function morganLogs(fails: boolean): Promise<{ status: string; logged: string[] }>;
export function onResponseRuns(fails: boolean): Promise<{ status: string; runs: number }>;
