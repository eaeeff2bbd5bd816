using Reelseal.Local.Edge.Signing;

namespace Reelseal.Local.Edge.Origins;

/// <summary>Answers the requests of a behaviour.</summary>
internal interface IOrigin
{
    /// <summary>Answers a GET, HEAD or OPTIONS that the edge has let through.</summary>
    /// <exception cref="UpstreamException">The origin failed.</exception>
    Task ServeAsync(HttpContext context, ViewerUrl url);
}
