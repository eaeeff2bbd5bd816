using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Reelseal.Testing;

/// <summary>The head of an HTTP/1.1 message (RFC 9112), preserved byte for byte.</summary>
internal sealed record HttpMessageHead(byte[] Bytes)
{
    private readonly string[] _lines = Encoding.Latin1.GetString(Bytes).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The words of the first line.</summary>
    public string[] Words => _lines[0].Split(' ');

    /// <summary>The value of a header, or null; the name in lower case.</summary>
    public string? this[string name] => _lines.Skip(1)
        .Where(line => line.Length > name.Length && line[name.Length] == ':' && line.StartsWith(name, StringComparison.OrdinalIgnoreCase))
        .Select(line => line[(name.Length + 1)..].Trim()).FirstOrDefault();
}

/// <summary>Reads HTTP/1.1 messages from a connection without changing them.</summary>
internal sealed class HttpMessageReader(Socket from)
{
    private readonly byte[] _buffer = new byte[16 * 1024];
    private int _start;
    private int _end;

    /// <summary>The next head, or null at the end of the connection.</summary>
    public async Task<HttpMessageHead?> ReadHeadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var end = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n\r\n"u8);
            if (end >= 0)
            {
                var head = new HttpMessageHead(_buffer.AsSpan(_start, end + 4).ToArray());
                _start += end + 4;
                return head;
            }
            if (!await FillAsync(cancellationToken))
                return null;
        }
    }

    /// <summary>Forwards the body that belongs to a head, including its framing.</summary>
    public async Task CopyBodyAsync(HttpMessageHead head, bool hasBody, Func<ReadOnlyMemory<byte>, ValueTask> to, CancellationToken cancellationToken)
    {
        var isRequest = !head.Words[0].StartsWith("HTTP/", StringComparison.Ordinal);
        if (!hasBody)
            return;
        if (head["transfer-encoding"] is not null)
            await CopyChunksAsync(to, cancellationToken);
        else if (head["content-length"] is { } length)
            await CopyAsync(long.Parse(length, CultureInfo.InvariantCulture), to, cancellationToken);
        else if (!isRequest)
            await CopyToEndAsync(to, cancellationToken);
    }

    private async Task CopyChunksAsync(Func<ReadOnlyMemory<byte>, ValueTask> to, CancellationToken cancellationToken)
    {
        while (true)
        {
            var line = await ReadLineAsync(cancellationToken);
            await to(line);
            var size = long.Parse(Encoding.ASCII.GetString(line.Span).Split(';', '\r')[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (size > 0)
                await CopyAsync(size + 2, to, cancellationToken);
            else
                break;
        }
        ReadOnlyMemory<byte> trailer;
        do
            await to(trailer = await ReadLineAsync(cancellationToken));
        while (trailer.Length > 2);
    }

    private async Task CopyAsync(long length, Func<ReadOnlyMemory<byte>, ValueTask> to, CancellationToken cancellationToken)
    {
        while (length > 0)
        {
            if (_start == _end && !await FillAsync(cancellationToken))
                throw new IOException("The connection ended in the middle of a message.");
            var piece = (int)Math.Min(length, _end - _start);
            await to(_buffer.AsMemory(_start, piece));
            _start += piece;
            length -= piece;
        }
    }

    private async Task CopyToEndAsync(Func<ReadOnlyMemory<byte>, ValueTask> to, CancellationToken cancellationToken)
    {
        do
        {
            await to(_buffer.AsMemory(_start, _end - _start));
            _start = _end;
        }
        while (await FillAsync(cancellationToken));
    }

    private async Task<ReadOnlyMemory<byte>> ReadLineAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var end = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n"u8);
            if (end >= 0)
            {
                var line = _buffer.AsSpan(_start, end + 2).ToArray();
                _start += end + 2;
                return line;
            }
            if (!await FillAsync(cancellationToken))
                throw new IOException("The connection ended in the middle of a message.");
        }
    }

    private async Task<bool> FillAsync(CancellationToken cancellationToken)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }
        if (_end == _buffer.Length)
            throw new IOException("A head or a line is longer than 16 KiB.");
        var read = await from.ReceiveAsync(_buffer.AsMemory(_end), cancellationToken);
        _end += read;
        return read > 0;
    }
}
