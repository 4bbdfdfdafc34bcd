import { Suspense } from 'react';
import { sourceOf } from '../../../../source.js';

/** Next moves what looks like the end of its own document to there. */
const inDocument = (piece) => ({ __html: String(piece).replace('</body></html>', '</body><!-- --></html>') });

/** Each piece of the source as it comes. */
async function Piece({ pieces }) {
  const { done, value } = await pieces.next();
  if (done) return null;
  return (
    <>
      <pre dangerouslySetInnerHTML={inDocument(value)} />
      <Suspense>
        <Piece pieces={pieces} />
      </Suspense>
    </>
  );
}

export default async function Page({ searchParams }) {
  const source = sourceOf(`/?${new URLSearchParams(await searchParams)}`);
  return <Piece pieces={source[Symbol.asyncIterator]()} />;
}
