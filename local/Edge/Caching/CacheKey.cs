namespace Reelseal.Local.Edge.Caching;

/// <summary>What makes two requests the same to the cache.</summary>
/// <param name="Path">The path as it was sent.</param>
/// <param name="Query">The parameters <c>until</c>, <c>proof</c> and <c>key</c> as they were sent, and no others.</param>
/// <param name="Encodings">The normalised <c>Accept-Encoding</c>.</param>
internal readonly record struct CacheKey(string Path, string Query, string Encodings);
