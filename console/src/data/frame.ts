/** Runs `commit` once in the next frame, however often it is asked for; not at all while the page is hidden. */
export function perFrame(commit: () => void): () => void {
  let isAsked = false;
  return () => {
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(() => {
      isAsked = false;
      commit();
    });
  };
}
