export function morganLogs(fails: boolean): Promise<{ status: string; logged: string[] }>;
export function onResponseRuns(fails: boolean): Promise<{ status: string; runs: number }>;
export function overHttp2(
  isSealed: boolean,
  headers: object,
): Promise<{ body: string; status: string | undefined; rstCode: number }>;
export function aiSdk(isTold: boolean, headers: object): Promise<string>;
