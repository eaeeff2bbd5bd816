using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Json.Schema;
using Xunit;

namespace Reelseal.Testing;

/// <summary>One operation of docs/openapi.yaml: checks that an answer is one that the document describes.</summary>
public sealed class ApiOperation
{
    /// <summary>Headers of the protocol and of every answer (CORS), and those by which the framework keeps errors out of caches.</summary>
    private static readonly HashSet<string> s_commonHeaders = new(StringComparer.OrdinalIgnoreCase)
    {
        "Allow", "Connection", "Content-Length", "Content-Type", "Date", "Expires", "Keep-Alive", "Pragma", "Server", "Transfer-Encoding",
    };

    private readonly ConcurrentDictionary<JsonNode, JsonSchema> _schemas = new(ReferenceEqualityComparer.Instance);
    private readonly JsonNode _document;
    private readonly JsonObject _responses;
    private readonly Regex _path;

    internal ApiOperation(JsonNode document, string method, string path, JsonObject responses)
    {
        (_document, Method, Path, _responses) = (document, method, path, responses);
        // Only {path} may hold slashes.
        var pattern = Regex.Replace(
            Regex.Escape(path).Replace("\\{path}", ".+", StringComparison.Ordinal), @"\\\{\w+\}", "[^/]+", RegexOptions.None, TimeSpan.FromSeconds(1));
        _path = new($"^{pattern}$", RegexOptions.None, TimeSpan.FromSeconds(1));
    }

    public string Method { get; }

    public string Path { get; }

    public bool Matches(HttpMethod method, string path) => method.Method == Method && _path.IsMatch(path);

    /// <summary>Fails the test unless the document describes the answer: its status, its headers, its type, and its JSON with every property.</summary>
    public async Task AssertDescribesAsync(HttpResponseMessage answer)
    {
        var status = (int)answer.StatusCode;
        if (answer is { StatusCode: HttpStatusCode.BadRequest, Content.Headers: { ContentType: null, ContentLength: 0 } })
            return; // from the HTTP server: the request was malformed before any route saw it
        var place = $"{Method} {Path} → {status}";
        Assert.True(_responses[$"{status}"] is not null, $"docs/openapi.yaml does not describe {place}.");
        var response = Resolve(_responses[$"{status}"]!);
        AssertHeaders(place, response["headers"] as JsonObject ?? [], answer);
        if (Method == "HEAD" || answer.StatusCode is HttpStatusCode.NoContent or HttpStatusCode.NotModified)
            return;
        var type = answer.Content.Headers.ContentType?.MediaType ?? "";
        var content = response["content"]?[type];
        Assert.True(content is not null, $"docs/openapi.yaml does not describe {place} with the type \"{type}\".");
        if (!type.EndsWith("json", StringComparison.Ordinal))
            return;
        await answer.Content.LoadIntoBufferAsync(); // the test reads it again
        var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync());
        var result = SchemaOf(content!["schema"]!).Evaluate(body, new EvaluationOptions { OutputFormat = OutputFormat.List, RequireFormatValidation = true });
        Assert.True(result.IsValid, $"docs/openapi.yaml does not describe {place}: {string.Join("; ", Errors(result))}\n{body}");
    }

    private void AssertHeaders(string place, JsonObject described, HttpResponseMessage answer)
    {
        var sent = answer.Headers.NonValidated.Concat(answer.Content.Headers.NonValidated)
            .ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        foreach (var (name, header) in described)
        {
            var description = Resolve(header!);
            if (!sent.TryGetValue(name, out var value))
                Assert.False(description["required"]?.GetValue<bool>() == true, $"{place} lacks the header {name}, which docs/openapi.yaml requires.");
            else
                Assert.True(SchemaOf(description["schema"]!).Evaluate(JsonValue.Create(value)).IsValid,
                    $"docs/openapi.yaml does not describe {place} with {name}: {value}");
        }
        var known = described.Select(header => header.Key).Concat(s_commonHeaders).ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var name in sent.Keys.Where(name => !known.Contains(name) && !name.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase)))
            Assert.Fail($"docs/openapi.yaml does not describe {place} with the header {name}.");
    }

    private JsonNode Resolve(JsonNode node)
    {
        while (node["$ref"]?.GetValue<string>() is { } reference)
            node = reference.Split('/').Skip(1).Aggregate(_document, (parent, name) => parent[name]!);
        return node;
    }

    /// <summary>The schema with all schemas of the document, closed: a property that the document does not name is an error.</summary>
    private JsonSchema SchemaOf(JsonNode schema) => _schemas.GetOrAdd(schema, CreateSchema);

    private JsonSchema CreateSchema(JsonNode schema)
    {
        var closed = (JsonObject)schema.DeepClone();
        closed["$defs"] = _document["components"]!["schemas"]!.DeepClone();
        Close(closed);
        return JsonSchema.FromText(closed.ToJsonString().Replace("#/components/schemas/", "#/$defs/", StringComparison.Ordinal));
    }

    private static void Close(JsonNode? node)
    {
        if (node is JsonObject map)
        {
            if (map["properties"] is JsonObject && map["additionalProperties"] is null)
                map["additionalProperties"] = false;
            foreach (var (_, child) in map)
                Close(child);
        }
        else if (node is JsonArray list)
        {
            foreach (var child in list)
                Close(child);
        }
    }

    private static IEnumerable<string> Errors(EvaluationResults result) =>
        result.Details.Where(detail => detail.HasErrors).SelectMany(detail => detail.Errors!.Select(error => $"{detail.InstanceLocation}: {error.Value}"));
}
