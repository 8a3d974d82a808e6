namespace QMoi.Tests.Contracts;

/// <summary>The checker itself finds what it is there to find.</summary>
public sealed class OpenApiTests
{
    private const string Document = """
        {
          "openapi": "3.0.3",
          "paths": {
            "/things/{id}": {
              "parameters": [{ "name": "id", "in": "path", "required": true, "schema": { "type": "integer" } }],
              "get": {
                "parameters": [{ "name": "sort", "in": "query", "required": true, "schema": { "type": "string", "enum": ["up", "down"] } }, { "$ref": "#/components/parameters/page" }],
                "responses": { "200": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/thing" } } } }, "302": { "description": "" }, "4XX": { "$ref": "#/components/responses/no" } }
              },
              "post": {
                "requestBody": { "required": true, "content": { "application/json": { "schema": { "type": "object", "required": ["name"], "properties": {
                  "name": { "type": "string" }, "sha": { "type": "string", "nullable": true }, "labels": { "oneOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] } } } } } },
                "responses": { "204": { "description": "" } }
              }
            },
            "/things/all": { "get": { "responses": { "200": { "content": { "application/json": { "schema": { "type": "array", "items": { "$ref": "#/components/schemas/thing" } } } } } } } },
            "/files/{path}": { "get": { "responses": { "200": { "content": { "text/plain": { "schema": { "type": "string" } } } } } } }
          },
          "components": {
            "parameters": { "page": { "name": "page", "in": "query", "schema": { "type": "integer" } } },
            "responses": { "no": { "content": { "application/json": { "schema": { "type": "object", "required": ["message"], "properties": { "message": { "type": "string" } } } } } } },
            "schemas": {
              "user": { "type": "object", "required": ["login"], "properties": { "login": { "type": "string" } } },
              "thing": { "type": "object", "required": ["id", "state", "owner"], "additionalProperties": false, "properties": {
                "id": { "type": "integer" },
                "state": { "type": "string", "enum": ["open", "closed"] },
                "owner": { "nullable": true, "allOf": [{ "$ref": "#/components/schemas/user" }] },
                "made": { "type": "string", "format": "date-time" },
                "url": { "type": ["string", "null"], "format": "uri" },
                "extra": { "type": "object", "additionalProperties": { "type": "number" } } } }
            }
          }
        }
        """;

    private static readonly OpenApi Api = OpenApi.Parse(Document);

    [Theory]
    [InlineData("GET", "/things/7", "?sort=up&page=2", "")]
    [InlineData("GET", "/things/x", "?sort=up", "", "GET /things/{id} {id}: x is not integer")]
    [InlineData("GET", "/things/7", "", "", "GET /things/{id} needs ?sort")]
    [InlineData("GET", "/things/7", "?sort=left&page=two", "", "GET /things/{id} ?sort: left is not one of [\"up\", \"down\"]", "GET /things/{id} ?page: two is not integer")]
    [InlineData("GET", "/things/7", "?sort=up&pages=2", "", "GET /things/{id} does not know ?pages")]
    [InlineData("GET", "/things/all", "", "")]
    [InlineData("GET", "/things/all", "", "{}", "GET /things/all takes no body")]
    [InlineData("POST", "/things/7", "", "", "POST /things/{id} needs a body")]
    [InlineData("POST", "/things/7", "", """{"name":"a","sha":null,"labels":["b"]}""")]
    [InlineData("POST", "/things/7", "", """{"name":null,"nmae":"a","labels":[1]}""", "POST /things/{id}.name is null", "POST /things/{id}.nmae is unknown", "POST /things/{id}.labels is not string (nearest of 2 forms)")]
    [InlineData("POST", "/things/7", "", """{"sha":1}""", "POST /things/{id}.name is missing", "POST /things/{id}.sha is not string")]
    public void A_request_is_held_against_the_description(string method, string path, string query, string body, params string[] problems) =>
        Assert.Equal(problems.Order(StringComparer.Ordinal), Api.Find(method, path)!.RequestProblems(query, "application/json", body).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("""{"id":1,"state":"open","owner":{"login":"ada"},"made":"2026-11-01T10:00:00Z","url":"https://acme.example/1","extra":{"a":1.5}}""")]
    [InlineData("""{"id":1,"state":"open","owner":null,"url":null}""")]
    [InlineData("""{"id":"1","state":"ajar","owner":{}}""", ".id is not integer", ".state is ajar, not one of [\"open\", \"closed\"]", ".owner.login is missing")]
    [InlineData("""{"id":1.5,"state":null,"owner":null,"more":1}""", ".id is not integer", ".state is null", ".more is unknown")]
    [InlineData("""{"id":1,"state":"open","owner":null,"made":"yesterday","url":"/1","extra":{"a":"b"}}""", ".made is yesterday, not a date-time", ".url is /1, not a uri", ".extra.a is not number")]
    [InlineData("""[]""", " is not object")]
    public void An_answer_is_held_against_the_description(string body, params string[] problems) =>
        Assert.Equal(problems.Select(problem => "GET /things/{id} 200" + problem).Order(StringComparer.Ordinal), Api.Find("GET", "/things/7")!.AnswerProblems(200, "application/json; charset=utf-8", body)!.Order(StringComparer.Ordinal));

    [Fact]
    public void What_is_not_described_is_said_to_be_so()
    {
        Assert.Null(Api.Find("PUT", "/things/7"));
        Assert.Null(Api.Find("GET", "/things/7/parts"));
        Assert.Null(Api.Find("GET", "/things/7")!.AnswerProblems(500, "application/json", "{}"));
        Assert.Null(Api.Find("GET", "/things/7")!.AnswerProblems(200, "text/html", "<p>"));
        Assert.Equal(["GET /things/{id} 404.message is missing"], Api.Find("GET", "/things/7")!.AnswerProblems(404, "application/json", "{}"));
        Assert.Equal(["POST /things/{id} 204 has a body"], Api.Find("POST", "/things/7")!.AnswerProblems(204, "application/json", "{}"));
        Assert.Equal("GET /files/{path}", Api.Find("GET", "/files/a/b%20c")!.Name);
        Assert.Equal("GET /files/{path}", Api.Find("GET", "/files")!.Name);
    }
}
