using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;

namespace Reelseal.Storage;

/// <summary>
/// Multipart uploads into the directory of a <see cref="DirectoryObjectStore"/>. Parts come in through <see cref="ReceivePartAsync"/>,
/// for which something must serve HTTP at <paramref name="address"/>.
/// </summary>
/// <param name="directory">The store's directory; processes that share it share the key that signs addresses.</param>
/// <param name="address">Under which parts are served: the address of a part is this and the object's key.</param>
/// <param name="store">Gets the finished objects.</param>
/// <param name="clock">The present time.</param>
public sealed class DirectoryMultipartStore(string directory, Uri address, IObjectStore store, TimeProvider clock) : IMultipartStore
{
    private const int KeyBytes = 32;

    // Hidden from the store: no key begins with a dot.
    private readonly string _uploads = Path.Combine(Path.GetFullPath(directory), ".uploads");

    public async Task<string> BeginAsync(string key, CancellationToken cancellationToken)
    {
        ObjectKey.ThrowIfInvalid(key);
        var upload = Guid.NewGuid().ToString("N");
        await KeyAsync(cancellationToken);
        Directory.CreateDirectory(FolderOf(upload));
        return upload;
    }

    public async Task<Uri> AddressOfPartAsync(string key, string upload, int number, DateTimeOffset expires, CancellationToken cancellationToken)
    {
        var until = expires.ToUnixTimeSeconds();
        var signature = WebEncoders.Base64UrlEncode(await SignAsync(key, upload, number, until, cancellationToken));
        return new(string.Create(
            CultureInfo.InvariantCulture,
            $"{address.AbsoluteUri.TrimEnd('/')}/{key}?uploadId={upload}&partNumber={number}&expires={until}&signature={signature}"));
    }

    /// <summary>Accepts a part if its address carries our signature.</summary>
    /// <param name="key">The path of the request below <c>address</c>.</param>
    /// <param name="query">The value of a query parameter, or null.</param>
    /// <param name="content">The part.</param>
    /// <param name="cancellationToken">Ends the call, and leaves nothing.</param>
    /// <returns>The part's ETag, or null when the address is not signed by us, has expired, or its upload has ended: 403.</returns>
    public async Task<string?> ReceivePartAsync(string key, Func<string, string?> query, Stream content, CancellationToken cancellationToken)
    {
        if (query("uploadId") is not { } upload || !Guid.TryParseExact(upload, "N", out _)
            || !int.TryParse(query("partNumber"), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || !long.TryParse(query("expires"), NumberStyles.None, CultureInfo.InvariantCulture, out var expires)
            || !TryDecode(query("signature"), out var signature)
            || await SignAsync(key, upload, number, expires, cancellationToken) is not { } right || !CryptographicOperations.FixedTimeEquals(signature, right)
            || expires <= clock.GetUtcNow().ToUnixTimeSeconds() || !Directory.Exists(FolderOf(upload)))
            return null;
        var path = PathOf(upload, number);
        var temporary = $"{path}.{Guid.NewGuid():N}";
        try
        {
            await using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.Asynchronous))
                await content.CopyToAsync(file, cancellationToken);
            File.Move(temporary, path, overwrite: true);
            return PartAt(path).ETag;
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    public Task<IReadOnlyList<UploadedPart>?> ListPartsAsync(string key, string upload, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<UploadedPart>?>(
            !Directory.Exists(FolderOf(upload))
                ? null
                : [.. Directory.EnumerateFiles(FolderOf(upload)).Where(path => Path.GetExtension(path).Length == 0)
                    .Order(StringComparer.Ordinal).Select(PartAt)]);

    public async Task<bool> CompleteAsync(string key, string upload, IReadOnlyList<UploadedPart> parts, CancellationToken cancellationToken)
    {
        if (await ListPartsAsync(key, upload, cancellationToken) is not { } present
            || parts is []
            || !parts.Select(part => (part.Number, part.ETag)).All(part => present.Any(there => (there.Number, there.ETag) == part)))
            return false;
        var whole = Path.Combine(FolderOf(upload), "whole.tmp");
        await using (var file = new FileStream(whole, FileMode.Create, FileAccess.ReadWrite, FileShare.None))
        {
            foreach (var part in parts.OrderBy(part => part.Number))
            {
                await using var content = File.OpenRead(PathOf(upload, part.Number));
                await content.CopyToAsync(file, cancellationToken);
            }
            await store.PutAsync(key, file, WriteCondition.None, cancellationToken);
        }
        await AbortAsync(key, upload, cancellationToken);
        return true;
    }

    public Task AbortAsync(string key, string upload, CancellationToken cancellationToken)
    {
        if (Directory.Exists(FolderOf(upload)))
            Directory.Delete(FolderOf(upload), recursive: true);
        return Task.CompletedTask;
    }

    private static UploadedPart PartAt(string path)
    {
        var file = new FileInfo(path);
        return new(
            int.Parse(file.Name, CultureInfo.InvariantCulture),
            string.Create(CultureInfo.InvariantCulture, $"\"{file.LastWriteTimeUtc.Ticks:x}-{file.Length:x}\""),
            file.Length);
    }

    private string FolderOf(string upload) => Path.Combine(_uploads, upload);

    private string PathOf(string upload, int number) => Path.Combine(FolderOf(upload), number.ToString("00000", CultureInfo.InvariantCulture));

    private static bool TryDecode(string? text, out byte[] bytes)
    {
        bytes = [];
        try
        {
            bytes = text is null ? [] : WebEncoders.Base64UrlDecode(text);
        }
        catch (FormatException)
        {
            return false;
        }
        return bytes.Length > 0;
    }

    private async Task<byte[]> SignAsync(string key, string upload, int number, long expires, CancellationToken cancellationToken) => HMACSHA256.HashData(
        await KeyAsync(cancellationToken), Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{key}\n{upload}\n{number}\n{expires}")));

    /// <summary>The key of this directory, created on first use.</summary>
    private async Task<byte[]> KeyAsync(CancellationToken cancellationToken)
    {
        var path = Path.Combine(_uploads, "key");
        if (!File.Exists(path))
        {
            using (await FileLock.TakeAsync(path + ".lock", cancellationToken))
            {
                if (!File.Exists(path))
                {
                    await File.WriteAllBytesAsync(path + ".new", RandomNumberGenerator.GetBytes(KeyBytes), cancellationToken);
                    File.Move(path + ".new", path);
                }
            }
        }
        return await File.ReadAllBytesAsync(path, cancellationToken);
    }
}
