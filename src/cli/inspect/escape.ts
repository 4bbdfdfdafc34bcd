/** Octets as printable ASCII: nothing that a peer sends reaches a terminal as a control. */

const NAMED: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r', 92: '\\\\' };

/** Of each octet. */
const ESCAPED: readonly string[] = Array.from({ length: 256 }, (_, octet) => escapeOctet(octet));

export function escapeOctets(octets: Uint8Array): string {
  let text = '';
  for (const octet of octets) text += ESCAPED[octet];
  return text;
}

/** A message of ours that may quote a peer: its controls, C1 among them, as octets. */
export function escapeControls(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, (character) => ESCAPED[character.charCodeAt(0)]!);
}

function escapeOctet(octet: number): string {
  if (octet >= 0x20 && octet < 0x7f && octet !== 0x5c) return String.fromCharCode(octet);
  return NAMED[octet] ?? `\\x${octet.toString(16).padStart(2, '0')}`;
}
