/** Every kind of response can be answered once. */

/** @throws Error if it has been taken, or its head is out */
export function assertUnanswered(isTaken: boolean, isHeadOut: boolean): void {
  if (isTaken) throw new Error('This response has been given to respond or sendFile already');
  if (isHeadOut) throw new Error('The head of this response is out already: call respond or sendFile before writing');
}
