using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Reelseal.Storage;

/// <summary>Objects as files of a directory, for one machine: the key is the path, and nothing else needs to be installed.</summary>
/// <remarks>
/// Several processes may share the directory. An object appears, changes and disappears in one step, also when its writer is killed; against a loss of power it
/// is not secured. A key cannot also be the folder of another one (S3 would allow that): such a write fails.
/// </remarks>
/// <param name="directory">Where the files are; made with the first of them.</param>
/// <param name="timeout">How long to wait for another writer of the same key.</param>
public sealed class DirectoryObjectStore(string directory, TimeSpan timeout) : IObjectStore
{
    private readonly string _root = Path.GetFullPath(directory);

    // Inside the directory, because only within one file system a rename is one step. No key begins with a dot.
    private readonly string _work = Path.Combine(Path.GetFullPath(directory), ".writing");

    private int _swept;

    public Task<ObjectEntry?> HeadAsync(string key, CancellationToken cancellationToken) =>
        Attempt(() => Find(key), cancellationToken);

    public Task<StoredObject?> GetAsync(string key, ByteRange? range, string? unlessETag, CancellationToken cancellationToken) => Attempt(
        () =>
        {
            if (!ObjectKey.IsValid(key) || TryOpen(PathOf(key)) is not { } file)
                return null;
            try
            {
                var entry = EntryOf(key, file);
                if (entry.ETag == unlessETag)
                {
                    file.Dispose();
                    return new StoredObject(entry, content: null);
                }
                var (offset, length) = range is { } wanted ? wanted.Within(entry.Length) : new ByteRange(0, entry.Length);
                return new StoredObject(entry, new ContentStream(
                    (buffer, position, token) =>
                        RandomAccess.ReadAsync(file, buffer[..(int)Math.Min(buffer.Length, length - position)], offset + position, token),
                    file, length, timeout, cancellationToken));
            }
            catch
            {
                file.Dispose();
                throw;
            }
        },
        cancellationToken);

    public async Task<string?> PutAsync(string key, Stream content, WriteCondition condition, CancellationToken cancellationToken)
    {
        ObjectKey.ThrowIfInvalid(key);
        using var deadline = new Deadline(timeout, cancellationToken);
        try
        {
            SweepOnce();
            var work = WorkPathOf(key);
            using var taken = await FileLock.TakeAsync(work + ".lock", deadline.Token);
            deadline.Pause();
            var present = Find(key);
            if (condition.MustBeNew ? present is not null : condition.ETag is not null && condition.ETag != present?.ETag)
                return null;

            var temporary = work + ".tmp";
            try
            {
                content.Position = 0;
                await using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0))
                    await content.CopyToAsync(file, cancellationToken);
                var written = Stamp(key, temporary, present);
                cancellationToken.ThrowIfCancellationRequested();
                Folders.With(PathOf(key), () =>
                {
                    File.Move(temporary, PathOf(key), overwrite: true);
                    return true;
                });
                return written.ETag;
            }
            finally
            {
                File.Delete(temporary);
            }
        }
        catch (Exception e) when (IsOurs(e))
        {
            throw deadline.Translate(e);
        }
        finally
        {
            Folders.RemoveIfEmpty(_work);
        }
    }

    public async Task<bool> CopyAsync(string from, string to, CancellationToken cancellationToken)
    {
        ObjectKey.ThrowIfInvalid(to);
        if (!ObjectKey.IsValid(from) || await Attempt(() => TryOpen(PathOf(from)), cancellationToken) is not { } file)
            return false;
        await using var content = new FileStream(file, FileAccess.Read, bufferSize: 0, isAsync: true);
        await PutAsync(to, content, WriteCondition.None, cancellationToken);
        return true;
    }

    public async Task DeleteAsync(IReadOnlyCollection<string> keys, CancellationToken cancellationToken)
    {
        foreach (var key in keys)
            ObjectKey.ThrowIfInvalid(key);
        foreach (var key in keys)
        {
            using var deadline = new Deadline(timeout, cancellationToken);
            try
            {
                // Under the lock: otherwise the object could vanish between a writer's comparison and its rename, and then reappear.
                using (await FileLock.TakeAsync(WorkPathOf(key) + ".lock", deadline.Token))
                {
                    if (File.Exists(PathOf(key)))
                        File.Delete(PathOf(key));
                }
                for (var folder = Path.GetDirectoryName(PathOf(key))!; folder.Length > _root.Length; folder = Path.GetDirectoryName(folder)!)
                    Folders.RemoveIfEmpty(folder);
            }
            catch (Exception e) when (IsOurs(e))
            {
                throw deadline.Translate(e);
            }
            finally
            {
                Folders.RemoveIfEmpty(_work);
            }
        }
    }

    public async IAsyncEnumerable<ObjectEntry> ListAsync(string prefix, string? startAfter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var folder = prefix[..(prefix.LastIndexOf('/') + 1)];
        if (folder.Length > 0 && !ObjectKey.IsValid(folder[..^1]))
            yield break;
        // A folder at a time, so that a long list begins at once.
        var folders = new Stack<IEnumerator<string>>([Children(folder, prefix).GetEnumerator()]);
        while (folders.TryPeek(out var children))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!children.MoveNext())
                folders.Pop().Dispose();
            else if (children.Current.EndsWith('/'))
                folders.Push((await Attempt(() => Children(children.Current, prefix), cancellationToken)).GetEnumerator());
            else if (string.CompareOrdinal(children.Current, startAfter) > 0 && await HeadAsync(children.Current, cancellationToken) is { } entry)
                yield return entry;
        }
    }

    /// <summary>The keys in a folder, and its folders with a slash at their end, in the order that S3 lists their content.</summary>
    private List<string> Children(string folder, string prefix)
    {
        var info = new DirectoryInfo(Path.Combine(_root, folder));
        if (!info.Exists)
            return [];
        try
        {
            var children = info.EnumerateFileSystemInfos()
                .Select(child => folder + child.Name + (child is DirectoryInfo ? "/" : ""))
                .Where(child => child.StartsWith(prefix, StringComparison.Ordinal) && ObjectKey.IsValid(child.TrimEnd('/')))
                .ToList();
            children.Sort(StringComparer.Ordinal);
            return children;
        }
        catch (DirectoryNotFoundException)
        {
            return []; // removed meanwhile
        }
    }

    private ObjectEntry? Find(string key)
    {
        if (!ObjectKey.IsValid(key))
            return null;
        using var file = TryOpen(PathOf(key));
        return file is null ? null : EntryOf(key, file);
    }

    private static SafeFileHandle? TryOpen(string path)
    {
        try
        {
            return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.Asynchronous);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException || (e is UnauthorizedAccessException && Directory.Exists(path)))
        {
            return null;
        }
    }

    private static ObjectEntry EntryOf(string key, SafeFileHandle file)
    {
        var (length, modified) = (RandomAccess.GetLength(file), File.GetLastWriteTimeUtc(file));
        // Every write has a later time than the one before it (Stamp), so there is no need to read the content for a tag.
        return new(key, length, string.Create(CultureInfo.InvariantCulture, $"\"{modified.Ticks:x}-{length:x}\""), new(modified))
        {
            Age = DateTime.UtcNow - modified is { Ticks: > 0 } age ? age : TimeSpan.Zero,
        };
    }

    /// <summary>Gives a file that is about to replace <paramref name="present"/> a later time than that has, whatever the clock did meanwhile.</summary>
    private static ObjectEntry Stamp(string key, string temporary, ObjectEntry? present)
    {
        using var file = File.OpenHandle(temporary, FileMode.Open, FileAccess.ReadWrite);
        // The system's own stamps move in steps of milliseconds, which see more than one write.
        var time = DateTimeOffset.UtcNow;
        if (time <= present?.LastModified)
            time = present.LastModified.AddTicks(1);
        File.SetLastWriteTimeUtc(file, time.UtcDateTime);
        return EntryOf(key, file) is var written && written.ETag != present?.ETag
            ? written
            : throw new IOException("The file system keeps times too coarse to tell two writes apart.");
    }

    /// <summary>Removes the files of killed writers.</summary>
    private void SweepOnce()
    {
        if (Interlocked.Exchange(ref _swept, 1) == 1 || !Directory.Exists(_work))
            return;
        try
        {
            foreach (var left in Directory.GetFiles(_work))
            {
                // A lock that can be taken is abandoned; releasing it removes its file.
                using var taken = FileLock.TryTake(Path.ChangeExtension(left, ".lock"));
                if (taken is not null)
                    File.Delete(Path.ChangeExtension(left, ".tmp"));
            }
        }
        catch (DirectoryNotFoundException)
        {
            // Another writer had finished and removed the folder: there is nothing to sweep.
        }
    }

    private string PathOf(string key) => Path.Combine(_root, key);

    private string WorkPathOf(string key) => Path.Combine(_work, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(..16)));

    private static Task<T> Attempt<T>(Func<T> action, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled<T>(cancellationToken);
        try
        {
            return Task.FromResult(action());
        }
        catch (Exception e)
        {
            return Task.FromException<T>(IsOurs(e) ? Deadline.Unreachable(e) : e);
        }
    }

    private static bool IsOurs(Exception e) => e is IOException or UnauthorizedAccessException or OperationCanceledException;
}
