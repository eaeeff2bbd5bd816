// What the browser remembers about an upload, so that it can resume after the page was closed or reloaded: IndexedDB, because it can also store the file.

/** Browsers store a copy, so larger files are not stored and the user chooses them again. */
const largestKept = 256 * 1024 * 1024;

const opened = new Promise((resolve, reject) => {
  const request = indexedDB.open("reelseal", 1);
  request.onupgradeneeded = () => request.result.createObjectStore("uploads", { keyPath: "id" });
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});
opened.catch(() => {}); // where a browser has no storage, uploads are not resumed: see below

async function run(mode, action) {
  try {
    const database = await opened;
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction("uploads", mode);
      const request = action(transaction.objectStore("uploads"));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
    });
  } catch (error) {
    console.warn(`This browser remembers no uploads: ${error?.message ?? error}`);
    return undefined;
  }
}

/** The uploads that were not finished. */
export const remembered = async () => await run("readonly", store => store.getAll()) ?? [];

/** @param {object} job with its id; its file is stored unless it is too large */
export async function remember(job) {
  const put = file => run("readwrite", store => store.put({ ...job, file }));
  const kept = job.size <= largestKept ? job.file : undefined;
  if (await put(kept) === undefined && kept) await put(undefined); // there is no room for the file: the user chooses it again
}

export const forget = id => run("readwrite", store => store.delete(id));
