using Microsoft.AspNetCore.Http.Headers;
using Reelseal.Storage;

namespace Reelseal.Local.Edge.Origins;

/// <summary>Which bytes a request asks for (RFC 9110, section 14.2). As S3 does, a request for several ranges gets the whole.</summary>
/// <param name="Bytes">The bytes, or null for the whole object.</param>
/// <param name="IsUnsatisfiable">The range lies outside of the object.</param>
internal readonly record struct RequestedRange(ByteRange? Bytes, bool IsUnsatisfiable)
{
    public static RequestedRange Whole => default;

    /// <param name="headers">The request's headers; a malformed range is ignored.</param>
    /// <param name="length">The object's length in bytes.</param>
    public static RequestedRange Read(RequestHeaders headers, long length)
    {
        if (headers.Range is not { Unit.Value: "bytes", Ranges: { Count: 1 } ranges })
            return Whole;
        var (from, to) = (ranges.Single().From, ranges.Single().To);
        if (from is null)
        {
            // A suffix range: the last N bytes.
            var count = Math.Min(to!.Value, length);
            return count == 0 ? new(Bytes: null, IsUnsatisfiable: true) : new(new(length - count, count), IsUnsatisfiable: false);
        }
        if (from >= length)
            return new(Bytes: null, IsUnsatisfiable: true);
        return new(new(from.Value, Math.Min(to ?? long.MaxValue, length - 1) - from.Value + 1), IsUnsatisfiable: false);
    }
}
