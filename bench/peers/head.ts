/** The message head that a parser of whole messages has to see before it reads chunks. */
export const HEAD = Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
