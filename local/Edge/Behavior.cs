using Reelseal.Local.Edge.Origins;

namespace Reelseal.Local.Edge;

/// <summary>A cache behaviour of the distribution: which paths it matches, whether they need a signature, and which origin serves them.</summary>
/// <param name="Matches">Returns whether this behaviour handles a normalised path.</param>
/// <param name="IsSigned">Whether it has a trusted key group.</param>
/// <param name="Origin">Serves the requests.</param>
/// <param name="IsForAnyPage">Whether pages of other origins may read the answers.</param>
internal sealed record Behavior(Func<string, bool> Matches, bool IsSigned, IOrigin Origin, bool IsForAnyPage = true);
