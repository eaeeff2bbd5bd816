using Reelseal.Local.Edge.Signing;

namespace Reelseal.Local.Edge.Origins;

/// <summary>Where the answers of a behaviour come from.</summary>
internal interface IOrigin
{
    /// <summary>Answers a GET, HEAD or OPTIONS that the edge has let through.</summary>
    /// <exception cref="UpstreamException">The origin does not do what it should.</exception>
    Task ServeAsync(HttpContext context, ViewerUrl url);
}
