using Microsoft.AspNetCore.Http.Headers;
using Microsoft.Net.Http.Headers;

namespace Reelseal.Local.Edge.Origins;

/// <summary>The conditions of a GET (RFC 9110, section 13).</summary>
internal static class Conditions
{
    /// <summary>Returns whether the viewer's copy is still good: 304. A malformed list of entity tags counts as none.</summary>
    public static bool AreUnmodified(RequestHeaders request, string? eTag, DateTimeOffset? lastModified)
    {
        if (request.Headers.IfNoneMatch is { Count: > 0 } ifNoneMatch && EntityTagHeaderValue.TryParseStrictList(ifNoneMatch, out var known))
        {
            return known.Contains(EntityTagHeaderValue.Any)
                ? known.Count == 1
                : eTag is not null && known.Any(tag => tag.Compare(EntityTagHeaderValue.Parse(eTag), useStrongComparison: false));
        }
        return request.IfModifiedSince is { } since && lastModified is { } modified && modified.ToUnixTimeSeconds() <= since.ToUnixTimeSeconds();
    }

    /// <summary>Returns whether <c>If-Range</c> lets the range be served, or the whole object, because it has changed.</summary>
    public static bool AllowRange(RequestHeaders request, string eTag, DateTimeOffset lastModified) => request.IfRange switch
    {
        null => true,
        { EntityTag: { } tag } => tag.Compare(EntityTagHeaderValue.Parse(eTag), useStrongComparison: true),
        { LastModified: { } date } => date.ToUnixTimeSeconds() == lastModified.ToUnixTimeSeconds(),
        _ => false,
    };
}
